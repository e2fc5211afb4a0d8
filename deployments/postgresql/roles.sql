-- Least privilege on PostgreSQL. Run once as a superuser in the warehouse's database; may be run again:
--
--     psql "postgresql://postgres@db.example/support" -f deployments/postgresql/roles.sql
--
-- Groups, none of which can log in:
--     support_etl_owner        owns schemas and tables: creates them and brings them up to date (`support-etl prepare`)
--     support_etl_loader       writes `source` and `ops`; cannot create, alter or drop anything that lasts
--     support_etl_transformer  reads `source`, writes `staging`, `core`, `marts` and `ops`; the same limits
--     support_etl_reader       reads `core`, `marts` and the watermark: for BI tools and people
--
-- Then make logins, such as:
--     create role etl_admin login password '...' in role support_etl_owner;                               -- set-up and upgrades
--     create role etl_job login password '...' in role support_etl_loader, support_etl_transformer;       -- the daily job
--     create role bi login password '...' in role support_etl_reader;                                     -- BI
--     alter role etl_admin set role support_etl_owner;       -- what it creates belongs to the group
--     alter role bi set statement_timeout = '5min';

do $$
declare
    name text;
begin
    foreach name in array array['support_etl_owner', 'support_etl_loader', 'support_etl_transformer', 'support_etl_reader'] loop
        if not exists (select 1 from pg_roles where rolname = name) then
            execute format('create role %I nologin', name);
        end if;
    end loop;
    foreach name in array array['source', 'staging', 'core', 'marts', 'ops'] loop
        execute format('create schema if not exists %I authorization support_etl_owner', name);
    end loop;
    -- nobody but those named here
    execute format('revoke all on database %I from public', current_database());
    execute format('grant connect, temporary on database %I to support_etl_owner, support_etl_loader, support_etl_transformer', current_database());
    execute format('grant connect on database %I to support_etl_reader', current_database());
end $$;

revoke create on schema public from public;

grant usage on schema source, ops to support_etl_loader;
grant usage on schema source, staging, core, marts, ops to support_etl_transformer;
grant usage on schema core, marts, ops to support_etl_reader;

-- tables that are there, and those that the owner will create
grant select, insert, update, delete on all tables in schema source, ops to support_etl_loader;
grant select on all tables in schema source to support_etl_transformer;
grant select, insert, update, delete on all tables in schema staging, core, marts, ops to support_etl_transformer;
grant select on all tables in schema core, marts to support_etl_reader;

alter default privileges for role support_etl_owner in schema source grant select, insert, update, delete on tables to support_etl_loader;
alter default privileges for role support_etl_owner in schema source grant select on tables to support_etl_transformer;
alter default privileges for role support_etl_owner in schema ops grant select, insert, update, delete on tables to support_etl_loader, support_etl_transformer;
alter default privileges for role support_etl_owner in schema staging grant select, insert, update, delete on tables to support_etl_transformer;
alter default privileges for role support_etl_owner in schema core grant select, insert, update, delete on tables to support_etl_transformer;
alter default privileges for role support_etl_owner in schema marts grant select, insert, update, delete on tables to support_etl_transformer;
alter default privileges for role support_etl_owner in schema core grant select on tables to support_etl_reader;
alter default privileges for role support_etl_owner in schema marts grant select on tables to support_etl_reader;

-- of the books, readers see up to when the tables are complete and which time zones they are made for, once those tables are there
do $$
declare
    name text;
begin
    foreach name in array array['watermark', 'reporting_zone'] loop
        if to_regclass('ops.' || name) is not null then
            execute format('grant select on ops.%I to support_etl_reader', name);
        end if;
    end loop;
    -- statistics after a load; before PostgreSQL 17 only owners may, and autovacuum does it
    if current_setting('server_version_num')::int >= 170000 then
        execute 'grant maintain on all tables in schema source to support_etl_loader';
        execute 'grant maintain on all tables in schema staging, core, marts to support_etl_transformer';
        execute 'alter default privileges for role support_etl_owner in schema source grant maintain on tables to support_etl_loader';
        execute 'alter default privileges for role support_etl_owner in schema staging grant maintain on tables to support_etl_transformer';
        execute 'alter default privileges for role support_etl_owner in schema core grant maintain on tables to support_etl_transformer';
        execute 'alter default privileges for role support_etl_owner in schema marts grant maintain on tables to support_etl_transformer';
    end if;
end $$;
