"""Behind core.sync, the only door: sessions, transactions and how rows look in the database."""
