-- Run once by the image of PostgreSQL, on an empty volume, as its superuser. docs/operate.md, "Separate roles for migration and service".
\getenv owner_password WEBHOOKS_OWNER_PASSWORD
\getenv service_password WEBHOOKS_SERVICE_PASSWORD
CREATE ROLE webhooks_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE webhooks_service LOGIN PASSWORD :'service_password';
CREATE DATABASE reseller_webhooks OWNER webhooks_owner;
REVOKE CONNECT, TEMPORARY ON DATABASE reseller_webhooks FROM PUBLIC;
GRANT CONNECT ON DATABASE reseller_webhooks TO webhooks_service;
\connect reseller_webhooks
GRANT USAGE ON SCHEMA public TO webhooks_service;
SET ROLE webhooks_owner;
ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO webhooks_service;
ALTER DEFAULT PRIVILEGES GRANT SELECT, USAGE, UPDATE ON SEQUENCES TO webhooks_service;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO webhooks_service;
