-- Makes room for one service in this database: a schema, the role that owns it and migrates it, and the role that the
-- service runs as, which can change rows and nothing else. No service sees another's schema. Safe to repeat.
--
--   psql -v schema=gateway -v owner_password=… -v app_password=… -f service-room.sql
--
-- Needs a superuser, or a role that may create roles and schemas.

SELECT set_config('signalbox.schema', :'schema', false),
       set_config('signalbox.owner_password', :'owner_password', false),
       set_config('signalbox.app_password', :'app_password', false);

DO $$
DECLARE
  room text := current_setting('signalbox.schema');
  owner_role text := room || '_owner';
  app_role text := room || '_app';
  role_name text;
BEGIN
  FOREACH role_name IN ARRAY ARRAY[owner_role, app_role] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('CREATE ROLE %I', role_name);
    END IF;
    EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', role_name,
                   current_setting(CASE WHEN role_name = owner_role THEN 'signalbox.owner_password' ELSE 'signalbox.app_password' END));
    EXECUTE format('ALTER ROLE %I SET search_path = %I', role_name, room);
  END LOOP;

  -- Whoever is no superuser must be a member of a role to give it something.
  IF NOT pg_has_role(current_user, owner_role, 'MEMBER') THEN
    EXECUTE format('GRANT %I TO CURRENT_USER', owner_role);
  END IF;

  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I, %I', current_database(), owner_role, app_role);

  EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', room, owner_role);
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', room, app_role);
  EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I',
                 owner_role, room, app_role);
  EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT USAGE, SELECT ON SEQUENCES TO %I',
                 owner_role, room, app_role);

  -- Finds names that are written alike. Only whoever may create in the database may bring it in.
  IF room = 'research_pipeline' THEN
    EXECUTE format('CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA %I', room);
  END IF;
END
$$;
