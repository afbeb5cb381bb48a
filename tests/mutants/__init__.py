"""Small faults, put into the code one by one, to see whether the tests notice.

python -m tests.mutants.draw     # made faults.json, once
python -m tests.mutants.measure  # which test runs which line
python -m tests.mutants.run      # report.json: which faults were noticed
"""
