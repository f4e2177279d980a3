create table app_user (
  id serial primary key,
  username text not null unique,
  email text not null unique,
  roles text[] not null default '{}',
  password_hash text,
  is_active boolean not null default true
);
