FROM localhost:32000/test/busybox:latest
EDKNONSENSE x
