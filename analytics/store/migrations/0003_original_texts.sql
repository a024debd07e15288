-- A rejected row keeps the file it came from and the site's own cells, where a mapping read them.

alter table quarantine add column file varchar;

alter table quarantine add column original_json varchar;
