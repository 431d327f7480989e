FROM localhost:32000/test/busybox:latest
RUN echo 87e2bd3e-ae94-4503-96e2-177d33f9b0fa | head -c 5
