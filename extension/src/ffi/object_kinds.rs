//! Kinds of objects: what PostgreSQL's object types, and the parse nodes that are about one kind
//! only, are to the guard.

use pgrx::pg_sys::{NodeTag, ObjectType};
use tenancy_core::guard::Object;

/// The kind of an object type.
pub fn by_type(object: ObjectType::Type) -> Object {
    use ObjectType as T;
    match object {
        T::OBJECT_AGGREGATE | T::OBJECT_FUNCTION | T::OBJECT_PROCEDURE | T::OBJECT_ROUTINE => {
            Object::InSchema
        }
        T::OBJECT_ATTRIBUTE | T::OBJECT_COLUMN | T::OBJECT_DEFAULT | T::OBJECT_TABCONSTRAINT => {
            Object::InSchema
        }
        T::OBJECT_TABLE | T::OBJECT_VIEW | T::OBJECT_MATVIEW | T::OBJECT_INDEX => Object::InSchema,
        T::OBJECT_SEQUENCE | T::OBJECT_STATISTIC_EXT | T::OBJECT_COLLATION => Object::InSchema,
        T::OBJECT_TRIGGER | T::OBJECT_RULE | T::OBJECT_POLICY => Object::InSchema,
        T::OBJECT_TYPE | T::OBJECT_DOMAIN | T::OBJECT_DOMCONSTRAINT => Object::InSchema,
        T::OBJECT_OPERATOR | T::OBJECT_OPCLASS | T::OBJECT_OPFAMILY => Object::InSchema,
        T::OBJECT_AMOP | T::OBJECT_AMPROC => Object::InSchema,
        T::OBJECT_TSCONFIGURATION | T::OBJECT_TSDICTIONARY => Object::InSchema,
        T::OBJECT_TSPARSER | T::OBJECT_TSTEMPLATE => Object::InSchema,
        T::OBJECT_LARGEOBJECT => Object::LargeObject,
        T::OBJECT_CONVERSION => Object::InSchema,
        T::OBJECT_ROLE => Object::Role,
        T::OBJECT_DATABASE => Object::Database,
        T::OBJECT_TABLESPACE => Object::Tablespace,
        T::OBJECT_SCHEMA => Object::Schema,
        T::OBJECT_EXTENSION => Object::Extension,
        T::OBJECT_LANGUAGE => Object::Language,
        T::OBJECT_FDW | T::OBJECT_FOREIGN_SERVER | T::OBJECT_FOREIGN_TABLE => Object::Foreign,
        T::OBJECT_USER_MAPPING => Object::Foreign,
        T::OBJECT_PUBLICATION | T::OBJECT_PUBLICATION_NAMESPACE => Object::Replication,
        T::OBJECT_PUBLICATION_REL | T::OBJECT_SUBSCRIPTION => Object::Replication,
        T::OBJECT_EVENT_TRIGGER => Object::EventTrigger,
        T::OBJECT_ACCESS_METHOD => Object::AccessMethod,
        T::OBJECT_CAST | T::OBJECT_TRANSFORM => Object::Cast,
        T::OBJECT_PARAMETER_ACL => Object::Parameter,
        _ => Object::Unknown,
    }
}

/// The kind that a parse node is about, when it is about one only.
pub fn by_tag(tag: NodeTag) -> Option<Object> {
    use NodeTag as N;
    Some(match tag {
        N::T_CreateStmt | N::T_IndexStmt | N::T_ViewStmt | N::T_RuleStmt => Object::InSchema,
        N::T_CreateTrigStmt | N::T_CreateSeqStmt | N::T_AlterSeqStmt => Object::InSchema,
        N::T_CreateStatsStmt | N::T_AlterStatsStmt | N::T_AlterCollationStmt => Object::InSchema,
        N::T_CreateDomainStmt | N::T_AlterDomainStmt | N::T_AlterTypeStmt => Object::InSchema,
        N::T_CompositeTypeStmt | N::T_CreateRangeStmt => Object::InSchema,
        N::T_CreateEnumStmt | N::T_AlterEnumStmt | N::T_AlterFunctionStmt => Object::InSchema,
        N::T_CreateOpClassStmt | N::T_CreateOpFamilyStmt => Object::InSchema,
        N::T_AlterOpFamilyStmt | N::T_AlterOperatorStmt => Object::InSchema,
        N::T_AlterTSDictionaryStmt | N::T_AlterTSConfigurationStmt => Object::InSchema,
        N::T_CreateConversionStmt => Object::InSchema,
        N::T_CreateRoleStmt | N::T_AlterRoleStmt | N::T_AlterRoleSetStmt => Object::Role,
        N::T_DropRoleStmt | N::T_GrantRoleStmt => Object::Role,
        N::T_DropOwnedStmt | N::T_ReassignOwnedStmt => Object::Role,
        N::T_CreatedbStmt | N::T_DropdbStmt | N::T_AlterDatabaseStmt => Object::Database,
        N::T_AlterDatabaseSetStmt | N::T_AlterDatabaseRefreshCollStmt => Object::Database,
        N::T_CreateTableSpaceStmt | N::T_DropTableSpaceStmt => Object::Tablespace,
        N::T_AlterTableSpaceOptionsStmt | N::T_AlterTableMoveAllStmt => Object::Tablespace,
        N::T_CreateSchemaStmt => Object::Schema,
        N::T_CreateExtensionStmt | N::T_AlterExtensionStmt => Object::Extension,
        N::T_AlterExtensionContentsStmt | N::T_AlterObjectDependsStmt => Object::Extension,
        N::T_CreatePLangStmt => Object::Language,
        N::T_CreateFdwStmt | N::T_AlterFdwStmt => Object::Foreign,
        N::T_CreateForeignServerStmt | N::T_AlterForeignServerStmt => Object::Foreign,
        N::T_CreateUserMappingStmt | N::T_AlterUserMappingStmt => Object::Foreign,
        N::T_DropUserMappingStmt | N::T_CreateForeignTableStmt => Object::Foreign,
        N::T_ImportForeignSchemaStmt => Object::Foreign,
        N::T_CreatePublicationStmt | N::T_AlterPublicationStmt => Object::Replication,
        N::T_CreateSubscriptionStmt | N::T_AlterSubscriptionStmt => Object::Replication,
        N::T_DropSubscriptionStmt => Object::Replication,
        N::T_CreateEventTrigStmt | N::T_AlterEventTrigStmt => Object::EventTrigger,
        N::T_CreateAmStmt => Object::AccessMethod,
        N::T_CreateCastStmt | N::T_CreateTransformStmt => Object::Cast,
        _ => return None,
    })
}
