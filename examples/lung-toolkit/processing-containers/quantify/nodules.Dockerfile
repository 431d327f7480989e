FROM local-only/base-lung:latest as nodules

LABEL IMAGE="lung-nodules"
# An operator asks for this very tag.
LABEL VERSION="1.2.0"

COPY files/nodules.py /kaapana/app/
CMD ["python3", "-u", "/kaapana/app/nodules.py"]
