FROM localhost:32000/test/busybox:latest as one
MAINTAINER me
ENV PASSWORD x
RUN echo 4ac93829
