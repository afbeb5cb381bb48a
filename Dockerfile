# An image that runs the commands of ram_tf:
#
#   docker build --tag ram_tf .
#   docker run --rm --volume "$PWD:/work" ram_tf predict \
#       --pretrained=cluttered --picture=paths.png digit.png
#
# It was not built where it was written, since there was no Docker engine. Its
# two pip steps were run in an empty virtual environment instead.
# The whole test suite runs on this version of Python.
FROM python:3.11-slim

# Matplotlib's is for a user whom the image does not know (docker run --user).
ENV MPLCONFIGDIR=/tmp/matplotlib \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1

WORKDIR /build
# First what changes seldom, so that a change of the code does not install
# TensorFlow again. These are the versions that were tested together.
COPY requirements.txt ./
RUN pip install --requirement requirements.txt

COPY pyproject.toml README.md LICENSE ./
COPY ram_tf ram_tf
COPY ram_tf_commands ram_tf_commands
COPY ram_tf_data ram_tf_data
COPY ram_tf_reports ram_tf_reports
COPY ram_tf_runs ram_tf_runs
COPY ram_tf_serving ram_tf_serving
COPY ram_tf_web ram_tf_web
RUN pip install --constraint requirements.txt ".[all]" && rm -rf /build

# Commands write to where they are called: to what is mounted at /work.
RUN useradd --create-home --uid 1000 ram && install --directory --owner=ram /work
USER ram
WORKDIR /work
ENTRYPOINT ["ram"]
