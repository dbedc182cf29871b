# SPDX-License-Identifier: MIT OR Apache-2.0
output "queue_url" {
  description = "For programs that publish."
  value       = aws_sqs_queue.tasks.url
}

output "dead_letter_queue_url" {
  description = "For filch-jobs dead list, and alarms."
  value       = aws_sqs_queue.dead_letters.url
}

output "repository_url" {
  description = "Push the image there before the first apply of the service."
  value       = aws_ecr_repository.worker.repository_url
}

output "service_name" {
  description = "Of ECS, in the cluster task-workers."
  value       = aws_ecs_service.worker.name
}

output "database_secret_arn" {
  description = "Put its value before the first task starts."
  value       = aws_secretsmanager_secret.db_url.arn
}
