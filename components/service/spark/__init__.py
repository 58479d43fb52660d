"""What a Spark job is started with, and by whom."""
