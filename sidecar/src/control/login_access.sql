SELECT verifier, granted FROM tenancy.login_access($1, $2)
