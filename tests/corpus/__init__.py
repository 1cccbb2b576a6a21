"""A corpus of infrastructure files: good ones, and the same with one defect each, by kind of file."""
