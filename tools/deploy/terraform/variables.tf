# SPDX-License-Identifier: MIT OR Apache-2.0
variable "aws_region" {
  description = "Region of the queue and the workers."
  type        = string
  default     = "us-east-1"
}

variable "vpc_id" {
  description = "VPC of the workers."
  type        = string
}

variable "private_subnet_ids" {
  description = "Subnets of the workers, with a way to the endpoints of SQS, ECR, CloudWatch Logs and Secrets Manager."
  type        = list(string)
}

variable "queue_name" {
  description = "Queue to serve; its dead letters are in NAME-dlq."
  type        = string
  default     = "tasks"
}

variable "image_tag" {
  description = "Tag of the image in the repository task-worker."
  type        = string
  default     = "v1.0.0"
}

variable "handlers" {
  description = "The key handlers of filch-worker: a JSON array. Empty: the types for trials."
  type        = string
  default     = ""
}

variable "worker_count" {
  description = "Handlers at a time in a task."
  type        = number
  default     = 10
}

variable "drain_timeout" {
  description = "Seconds that running handlers have when a task is stopped; at most 110, since ECS kills it after 120."
  type        = number
  default     = 30

  validation {
    condition     = var.drain_timeout >= 1 && var.drain_timeout <= 110
    error_message = "drain_timeout is out of range (1..110)."
  }
}

variable "min_workers" {
  description = "Fewest tasks."
  type        = number
  default     = 3
}

variable "max_workers" {
  description = "Most tasks."
  type        = number
  default     = 50
}

variable "messages_per_scale" {
  description = "Visible messages of the queue that the autoscaler aims at."
  type        = number
  default     = 100
}

variable "log_retention_days" {
  description = "Days for which log lines are kept."
  type        = number
  default     = 30
}
