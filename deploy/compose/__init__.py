"""What `docker-compose.yml` is built from: the image, the gateway, the job that makes the databases."""
