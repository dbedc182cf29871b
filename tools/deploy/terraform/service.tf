# SPDX-License-Identifier: MIT OR Apache-2.0
# The image, its logs and secret, and the service on Fargate.
locals {
  probe_port = 8080
  # The children of a running job have 5 s more (grace); ECS kills the task after this time.
  stop_timeout = var.drain_timeout + 10
}

resource "aws_ecr_repository" "worker" {
  name                 = "task-worker"
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_cloudwatch_log_group" "worker" {
  name              = "/ecs/task-worker"
  retention_in_days = var.log_retention_days
}

# For handlers. Its value is put by hand, and so is not in Terraform's state:
#   aws secretsmanager put-secret-value --secret-id prod/task-worker/database-url --secret-string postgres://...
resource "aws_secretsmanager_secret" "db_url" {
  name = "prod/task-worker/database-url"
}

# Nothing comes in; HTTPS goes out, to AWS and to what handlers call.
resource "aws_security_group" "worker" {
  name        = "task-worker"
  description = "Workers: HTTPS out, nothing in"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.worker.id
  description       = "HTTPS"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_ecs_cluster" "workers" {
  name = "task-workers"

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_task_definition" "worker" {
  family                   = "task-worker"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = 512
  memory                   = 1024
  execution_role_arn       = aws_iam_role.ecs_execution.arn
  task_role_arn            = aws_iam_role.worker_task.arn

  container_definitions = jsonencode([
    {
      name                   = "worker"
      image                  = "${aws_ecr_repository.worker.repository_url}:${var.image_tag}"
      essential              = true
      user                   = "65534:65534"
      readonlyRootFilesystem = true
      stopTimeout            = local.stop_timeout
      portMappings           = [{ containerPort = local.probe_port, protocol = "tcp" }]
      environment = [
        { name = "FILCH_SERVICE_BROKER", value = "sqs:?region=${var.aws_region}&create=no" },
        { name = "QUEUE_NAME", value = aws_sqs_queue.tasks.name },
        { name = "WORKER_COUNT", value = tostring(var.worker_count) },
        { name = "SHUTDOWN_TIMEOUT_SEC", value = tostring(var.drain_timeout) },
        { name = "HEALTH_PORT", value = tostring(local.probe_port) },
        { name = "FILCH_SERVICE_HANDLERS", value = var.handlers },
        { name = "FILCH_SERVICE_ENVIRONMENT", value = "DATABASE_URL" }, # for handlers
      ]
      secrets = [
        { name = "DATABASE_URL", valueFrom = aws_secretsmanager_secret.db_url.arn },
      ]
      linuxParameters = {
        capabilities = { drop = ["ALL"] }
      }
      healthCheck = {
        command     = ["CMD", "/usr/bin/filch-worker", "--probe", "http://127.0.0.1:${local.probe_port}/health"]
        interval    = 30
        timeout     = 5
        retries     = 3
        startPeriod = 60
      }
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.worker.name
          awslogs-region        = var.aws_region
          awslogs-stream-prefix = "worker"
        }
      }
    },
  ])
}

resource "aws_ecs_service" "worker" {
  name            = "task-worker"
  cluster         = aws_ecs_cluster.workers.id
  task_definition = aws_ecs_task_definition.worker.arn
  desired_count   = var.min_workers
  launch_type     = "FARGATE"

  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.private_subnet_ids
    security_groups  = [aws_security_group.worker.id]
    assign_public_ip = false
  }

  # The autoscaler's.
  lifecycle {
    ignore_changes = [desired_count]
  }

  # The container cannot start without these permissions.
  depends_on = [aws_iam_role_policy.ecs_execution, aws_iam_role_policy.worker_task]
}
