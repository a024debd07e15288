"""Pages of the dashboard, one render() each."""
