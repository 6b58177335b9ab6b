"""What `make bench` measures. Ratios within one run are what counts; absolute times are the machine's."""
