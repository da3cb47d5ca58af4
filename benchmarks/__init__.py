"""What is measured, side by side with peers, and the tables it prints."""
