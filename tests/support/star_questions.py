"""What two stars are compared by."""

# All of the star and its records that does not depend on who loads, and when.
QUESTIONS = {
    "songplays": "SELECT start_time, user_id, level, song_id, artist_id, session_id, location, "
    "user_agent, item_in_session, song, artist, length FROM songplays",
    "users": "SELECT * FROM users",
    "songs": "SELECT * FROM songs",
    "artists": "SELECT * FROM artists",
    "time": "SELECT * FROM time",
    "loaded_files": "SELECT file, etag, size, staging_table, row_count, rejected FROM loaded_files",
    "rejected_records": "SELECT file, line_number, column_name, reason FROM rejected_records",
}
