/* A neighbour's library: like set_user, it chooses a role past every setting. */
#include "postgres.h"
#include "fmgr.h"
#include "miscadmin.h"

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(become_login);

Datum
become_login(PG_FUNCTION_ARGS)
{
	SetCurrentRoleId(InvalidOid, false);
	PG_RETURN_VOID();
}
