"""The Streamlit dashboard of calcpci."""
