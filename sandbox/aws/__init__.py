"""AWS's APIs from moto, and what COPY needs of S3 and IAM."""
