"""The paragraphs of RESULTS.md that hold no figure of ours."""

INTRODUCTION = """\
# Results

Written by `python -m trainers.report` from the run records in `results/` and
the published figures in `trainers/reporting/published.py`; nothing in the
tables is typed by hand. All errors are in % of the test set.
"""
SUMMARY = """\
*NIPS* is the paper's figure in the proceedings, the one to beat; its arXiv
version printed others. *Rows* counts the rows of the paper's table in which
ours is better / not distinguishable / worse. *Aim* is what this project set out
to reach.
"""
PROTOCOL = """\
## How it was measured

- **Data.** 50,000 digits of MNIST's training set are trained on, on canvases
  made afresh for every batch; the other 10,000 choose the weights (the smallest
  validation error after the last glimpse, among regular evaluations); a run
  reads the test set once, when it ends.
- **Ours** is one deterministic rollout: the eye goes to the mean of the
  location policy. One model answers after every glimpse, and its errors on the
  way stand in the rows with fewer glimpses; the paper and others made a model
  for each row, as far as is known. Where a row of ours has a model of its own,
  that has a line of its own and is the one that the summary counts.
- **Interval.** Wilson's 95% interval of the share of wrong answers. "Better"
  and "worse" are said only where it excludes the other figure, else "not
  distinguishable". It says what another draw of test digits could change; what
  another seed changes stands under "Seeds"; tasks without that are single runs,
  of seed 0. The noise of the published figures, which are such counts too, is
  not in it.
- **Controls.** The same weights with other fixations: uniformly random ones
  (mean of ten seeded draws) and all at the centre. "Ten rollouts averaged"
  takes the mean probabilities of ten stochastic rollouts: ten times the
  glimpses.
- **Costs** are for one image and one rollout: multiply-adds, and the pixels of
  the retina, counted anew in each glimpse.
- **Again.** Each run is listed with its command, which needs `--data_dir=DIR`
  or `TFDS_DATA_DIR` if TFDS has MNIST elsewhere, and a `--workdir` of its own
  if that of its flagfile holds another run; copy its `result.json` to
  `results/TASK/RUN.json` and run `python -m trainers.report` (`--pictures` also
  draws the glimpse paths, from the released models).
"""
PATHS = (
    "The first five test cases that the model answers rightly and the first "
    "three that it does not. Left, the image and the path; right, what the "
    "retina saw at each step and what the model thought then."
)
