create table app_user (
  id uuid primary key default gen_random_uuid(),
  username text not null unique,
  email text not null unique,
  roles text[] not null default '{}',
  password_hash text,
  is_active boolean not null default true
);
