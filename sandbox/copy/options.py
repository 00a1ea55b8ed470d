"""The options of COPY by what the sandbox does with them (COPY parameters, dg/r_COPY)."""

from __future__ import annotations

# Options that Redshift refuses together with JSON.
NOT_WITH_JSON = frozenset(
    {
        "CSV",
        "DELIMITER",
        "ESCAPE",
        "FILLRECORD",
        "FIXEDWIDTH",
        "IGNOREBLANKLINES",
        "NULL",
        "READRATIO",
        "REMOVEQUOTES",
    }
)
# Options, and formats, that Redshift has and the sandbox does not.
NOT_IN_THE_SANDBOX = frozenset(
    {
        "ACCESS_KEY_ID",
        "SECRET_ACCESS_KEY",
        "SESSION_TOKEN",
        "BZIP2",
        "LZOP",
        "ZSTD",
        "ENCODING",
        "AVRO",
        "PARQUET",
        "ORC",
        "SHAPEFILE",
        "ACCEPTINVCHARS",
        "ROUNDEC",
        "IGNOREHEADER",
        "IGNOREALLERRORS",
        "ENCRYPTED",
        "MASTER_SYMMETRIC_KEY",
        "SSH",
        "FILLTARGET",
        "SERIALIZETOJSON",
        "SIMPLIFY",
        "READONLY",
    }
)
# Options and the field of CopyCommand that each sets: to True, to a literal, to ON or OFF.
FLAGS = {
    "MANIFEST": "manifest",
    "GZIP": "gzip",
    "TRUNCATECOLUMNS": "truncate_columns",
    "BLANKSASNULL": "blanks_as_null",
    "EMPTYASNULL": "empty_as_null",
    "TRIMBLANKS": "trim_blanks",
    "ACCEPTANYDATE": "accept_any_date",
    "EXPLICIT_IDS": "explicit_ids",
    "NOLOAD": "noload",
}
LITERALS = {"REGION": "region", "TIMEFORMAT": "time_format", "DATEFORMAT": "date_format"}
SWITCHES = {"COMPUPDATE": "comp_update", "STATUPDATE": "stat_update"}
SWITCH_VALUES = {"ON": "ON", "TRUE": "ON", "OFF": "OFF", "FALSE": "OFF", "PRESET": "PRESET"}
