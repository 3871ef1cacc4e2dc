-- What is wrong with the hostnames of tenant $1.
SELECT 'hostname ' || hostname || ' does not lead to the tenant' FROM tenancy.domain WHERE tenant_id = $1 AND NOT active
UNION ALL
SELECT 'none of the hostnames is primary' FROM tenancy.domain WHERE tenant_id = $1 HAVING count(*) > 0 AND NOT bool_or(is_primary)
