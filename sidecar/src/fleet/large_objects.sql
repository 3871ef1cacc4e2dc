SELECT o.id, p.pageno, p.data
FROM tenancy.export_large_objects($1) o
  LEFT JOIN LATERAL (SELECT pageno, data FROM pg_catalog.pg_largeobject WHERE loid = o.real_id ORDER BY pageno) p ON true
