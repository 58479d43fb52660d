"""What a crowd that is known of sets off."""
