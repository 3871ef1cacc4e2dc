SELECT tenancy.version()
