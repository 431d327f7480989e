"""What tests of the whole command line need: small extensions as text, runs of the command, a faulty registry."""
