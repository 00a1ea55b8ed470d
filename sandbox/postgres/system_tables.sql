-- The catalogue in Redshift's shape. PostgreSQL's own tables get other names, by which PostgreSQL does
-- not look for them; views take their place. They show nothing that is only the sandbox's.
-- https://docs.aws.amazon.com/redshift/latest/dg/c_intro_catalog_views.html
CREATE FUNCTION sandbox.is_hidden(namespace oid) RETURNS boolean LANGUAGE sql STABLE AS
    'SELECT namespace = ''sandbox''::regnamespace';

-- Which number stands for which encoding is nobody's business but these two functions'.
CREATE FUNCTION sandbox.encodings() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT '{none,raw,bytedict,delta,delta32k,lzo,mostly8,mostly16,mostly32,runlength,text255,text32k,zstd,az64}'::text[]
$$;
CREATE FUNCTION sandbox.encoding_number(encoding text) RETURNS integer LANGUAGE sql IMMUTABLE AS
    'SELECT array_position(sandbox.encodings(), trim(encoding)) - 1';
CREATE FUNCTION pg_catalog.format_encoding(integer) RETURNS text LANGUAGE sql IMMUTABLE AS
    'SELECT (sandbox.encodings())[$1 + 1]';

ALTER TABLE pg_catalog.pg_namespace RENAME TO postgres_namespace;
CREATE VIEW pg_catalog.pg_namespace AS
SELECT oid, nspname, CASE nspname WHEN 'public' THEN 10::oid ELSE nspowner END AS nspowner, nspacl
FROM pg_catalog.postgres_namespace
WHERE NOT sandbox.is_hidden(oid);

ALTER TABLE pg_catalog.pg_class RENAME TO postgres_class;
CREATE VIEW pg_catalog.pg_class AS
SELECT
    postgres_class.*,
    false AS relhasoids, 0::smallint AS reltriggers, 0::smallint AS relukeys, 0::smallint AS relfkeys,
    0::smallint AS relrefs, coalesce(keys::text ~* 'primary key', false) AS relhaspkey, 0::oid AS reltoastidxid,
    0::oid AS relexternid, false AS relisreplicated, false AS relispinned, 0::oid AS relprojbaseid,
    CASE
        WHEN relkind = 'r' THEN CASE diststyle WHEN 'EVEN' THEN 0 WHEN 'KEY' THEN 1 WHEN 'ALL' THEN 8 ELSE 9 END
        ELSE 0
    END::smallint AS reldiststyle
FROM pg_catalog.postgres_class
LEFT JOIN sandbox.table_attributes ON postgres_class.oid = table_id
WHERE
    NOT sandbox.is_hidden(relnamespace)
    -- What stands for sort keys, and what fills identity columns.
    AND relname NOT LIKE 'sort key of %'
    AND NOT (relkind = 'S' AND EXISTS (
        SELECT 1 FROM pg_catalog.pg_depend WHERE objid = postgres_class.oid AND deptype = 'i'
    ));

ALTER TABLE pg_catalog.pg_attribute RENAME TO postgres_attribute;
CREATE VIEW pg_catalog.pg_attribute AS
SELECT
    attrelid, attname, atttypid, attlen, attnum, atttypmod, attndims, attbyval, attalign, attstorage,
    attcompression, attnotnull, atthasdef OR attidentity <> '' AS atthasdef, attidentity, attgenerated, attisdropped,
    attislocal, attinhcount, attcollation, attstattarget, attacl, attoptions, attfdwoptions,
    coalesce(attnum = distkey, false) AS attisdistkey,
    coalesce(array_position(sortkeys, attnum), 0) AS attsortkeyord,
    sandbox.encoding_number(coalesce(
        encodings ->> attnum::text, sandbox.default_encoding(attrelid, atttypid, attnum = ANY (sortkeys))
    )) AS attencodingtype,
    false AS attispreloaded, -1 AS attcacheoff
FROM pg_catalog.postgres_attribute
LEFT JOIN sandbox.table_attributes ON attrelid = table_id;

-- An identity column's default is what Redshift makes of IDENTITY (seed, step). The sequence begins three steps
-- later and leaves fifteen out (sandbox/dialect/column_definitions.py).
ALTER TABLE pg_catalog.pg_attrdef RENAME TO postgres_attrdef;
CREATE VIEW pg_catalog.pg_attrdef AS
SELECT oid, adrelid, adnum, adbin, pg_catalog.pg_get_expr(adbin, adrelid) AS adsrc FROM pg_catalog.postgres_attrdef
UNION ALL
SELECT
    seqrelid, refobjid, refobjsubid::smallint, NULL,
    format(
        '"identity"(%s, %s, ''%s,%s''::text)',
        refobjid, refobjsubid - 1, seqstart - 3 * seqincrement / 16, seqincrement / 16
    )
FROM pg_catalog.pg_sequence
INNER JOIN pg_catalog.pg_depend ON objid = seqrelid AND deptype = 'i';

-- Keys are declared and not enforced, so that PostgreSQL knows nothing of them. CHECK constraints are the
-- sandbox's own, which count bytes.
CREATE VIEW sandbox.declared_keys AS
SELECT
    (3000000000 + table_id::bigint * 64 + place)::oid AS oid, table_id, key, lower(left(key, 1)) AS kind,
    ARRAY(
        SELECT sandbox.column_number(table_id, btrim(name, ' "'))
        FROM string_to_table(substring(key FROM '[(]([^)]*)[)]'), ',') AS name
    ) AS columns
FROM sandbox.table_attributes
CROSS JOIN unnest(keys) WITH ORDINALITY AS declared (key, place);

ALTER TABLE pg_catalog.pg_constraint RENAME TO postgres_constraint;
CREATE VIEW pg_catalog.pg_constraint AS
SELECT
    declared_keys.oid,
    (relname || CASE kind
        WHEN 'p' THEN '_pkey'
        ELSE '_' || sandbox.column_name(table_id, columns[1]) || CASE kind WHEN 'f' THEN '_fkey' ELSE '_key' END
    END)::name AS conname,
    relnamespace AS connamespace, kind::"char" AS contype, false AS condeferrable, false AS condeferred,
    true AS conenforced, true AS convalidated, table_id AS conrelid, 0::oid AS contypid, 0::oid AS conindid,
    0::oid AS conparentid,
    coalesce(to_regclass(substring(key FROM '(?i)references[[:space:]]+([^[:space:](]+)'))::oid, 0::oid) AS confrelid,
    ' '::"char" AS confupdtype, ' '::"char" AS confdeltype, ' '::"char" AS confmatchtype, true AS conislocal,
    0 AS coninhcount, true AS connoinherit, columns AS conkey, NULL::smallint[] AS confkey, NULL::text AS conbin,
    NULL::text AS consrc
FROM sandbox.declared_keys
INNER JOIN pg_catalog.postgres_class ON table_id = postgres_class.oid;

ALTER FUNCTION pg_catalog.pg_get_constraintdef(oid) RENAME TO postgres_get_constraintdef;
ALTER FUNCTION pg_catalog.pg_get_constraintdef(oid, boolean) RENAME TO postgres_get_constraintdef;
CREATE FUNCTION pg_catalog.pg_get_constraintdef(key_id oid, pretty boolean DEFAULT false) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
    'SELECT key FROM sandbox.declared_keys WHERE oid = key_id';

ALTER TABLE pg_catalog.pg_proc RENAME TO postgres_proc;
CREATE VIEW pg_catalog.pg_proc AS
SELECT postgres_proc.*, prokind = 'a' AS proisagg, prokind = 'w' AS proiswindow FROM pg_catalog.postgres_proc
WHERE NOT sandbox.is_hidden(pronamespace);

GRANT SELECT ON pg_catalog.pg_namespace, pg_catalog.pg_class, pg_catalog.pg_attribute, pg_catalog.pg_attrdef,
pg_catalog.pg_constraint, pg_catalog.pg_proc TO PUBLIC;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_TABLES.html
CREATE VIEW pg_catalog.svv_tables AS
SELECT
    current_database()::varchar(128) AS table_catalog, nspname::varchar(128) AS table_schema,
    relname::varchar(128) AS table_name,
    CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'BASE TABLE' END::varchar(128) AS table_type, NULL::varchar(128) AS remarks
FROM pg_catalog.pg_class
INNER JOIN pg_catalog.pg_namespace ON relnamespace = pg_namespace.oid
WHERE relkind IN ('r', 'v') AND NOT pg_is_other_temp_schema(relnamespace)
AND has_table_privilege(pg_class.oid, 'SELECT');

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_COLUMNS.html
CREATE VIEW pg_catalog.svv_columns AS
SELECT
    table_catalog::varchar(128), table_schema::varchar(128), table_name::varchar(128),
    column_name::varchar(128), ordinal_position::integer, column_default::varchar(4000), is_nullable::varchar(3),
    data_type::varchar(128), character_maximum_length::integer, numeric_precision::integer,
    numeric_precision_radix::integer, numeric_scale::integer, datetime_precision::integer,
    NULL::varchar(128) AS interval_type, NULL::varchar(128) AS interval_precision,
    NULL::varchar(128) AS character_set_catalog, NULL::varchar(128) AS character_set_schema,
    NULL::varchar(128) AS character_set_name, NULL::varchar(128) AS collation_catalog,
    NULL::varchar(128) AS collation_schema, NULL::varchar(128) AS collation_name, NULL::varchar(128) AS domain_name,
    NULL::varchar(128) AS remarks
FROM information_schema.columns
WHERE table_schema <> 'sandbox';

-- There are no external schemas and no late-binding views, and so none of these.
CREATE VIEW pg_catalog.svv_external_schemas AS
SELECT 0::oid AS esoid, 0::smallint AS eskind, ''::name AS schemaname, 0 AS esowner, ''::text AS databasename,
    ''::text AS esoptions
WHERE false;
CREATE VIEW pg_catalog.svv_external_tables AS
SELECT ''::text AS redshift_database_name, ''::text AS schemaname, ''::text AS tablename, ''::text AS location,
    ''::text AS input_format, ''::text AS output_format, ''::text AS serialization_lib, ''::text AS serde_parameters,
    0 AS compressed, ''::text AS parameters, ''::text AS tabletype
WHERE false;
CREATE VIEW pg_catalog.svv_external_columns AS
SELECT ''::text AS redshift_database_name, ''::text AS schemaname, ''::text AS tablename, ''::text AS columnname,
    ''::text AS external_type, 0 AS columnnum, 0 AS part_key, ''::text AS is_nullable
WHERE false;
CREATE FUNCTION pg_catalog.pg_get_late_binding_view_cols() RETURNS SETOF record LANGUAGE plpgsql STABLE AS
    'BEGIN RETURN; END';

GRANT SELECT ON pg_catalog.svv_tables, pg_catalog.svv_columns, pg_catalog.svv_external_schemas,
pg_catalog.svv_external_tables, pg_catalog.svv_external_columns TO PUBLIC;
