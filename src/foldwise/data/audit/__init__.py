"""What a careful reader of the table would say before anything is trained."""
