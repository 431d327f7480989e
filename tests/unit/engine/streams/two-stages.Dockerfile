FROM localhost:32000/test/busybox:latest AS make
ARG WHAT=things
WORKDIR /made

# Makes them.
RUN echo making $WHAT && \
    echo aside >&2
FROM localhost:32000/test/busybox:latest
COPY --from=make /made /made
ENV A=b
RUN ls /made
