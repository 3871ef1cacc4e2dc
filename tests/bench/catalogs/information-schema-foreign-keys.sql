SELECT tc.constraint_name, tc.table_name, kcu.column_name, rc.update_rule, rc.delete_rule, rc.unique_constraint_name
FROM information_schema.table_constraints tc JOIN information_schema.key_column_usage kcu USING (constraint_schema, constraint_name)
LEFT JOIN information_schema.referential_constraints rc USING (constraint_schema, constraint_name)
WHERE tc.table_schema = current_schema() ORDER BY 1, 3;
