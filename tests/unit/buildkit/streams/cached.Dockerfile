FROM localhost:32000/test/busybox:latest AS one
# a comment
RUN echo out 4ac93829; echo err >&2; printf 'no end'
FROM one
WORKDIR /w
COPY --from=one /etc /w/etc
