SELECT tenant, id, status, suspension, generation FROM tenancy.resolve_name($1)
