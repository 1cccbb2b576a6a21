"""Deployment on the clouds: AWS ECS, Google Cloud Run and Azure Container Apps."""
