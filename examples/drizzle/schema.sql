create table app_user (
  id integer primary key autoincrement,
  username text not null unique,
  email text not null unique,
  roles text not null default '[]',
  password_hash text,
  is_active integer not null default 1
);
