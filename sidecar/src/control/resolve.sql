SELECT tenant, id, status, suspension, generation FROM tenancy.resolve($1)
