FROM localhost:32000/test/busybox:latest
RUN echo one; echo two >&2; exit 7
