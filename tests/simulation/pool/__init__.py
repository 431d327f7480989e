"""A pool of many workers in virtual time: the product's own state of it, and thousands of builds that only wait."""
