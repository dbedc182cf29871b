# SPDX-License-Identifier: MIT OR Apache-2.0
# Two roles: ecs_execution starts the container, worker_task is that of the worker and its handlers.
data "aws_caller_identity" "current" {}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    # Only tasks of this account, not those that another account lets ECS start (confused deputy).
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

data "aws_iam_policy_document" "execution" {
  # This action has no resource.
  statement {
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [aws_ecr_repository.worker.arn]
  }

  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.worker.arn}:*"]
  }

  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.db_url.arn]
  }
}

# The requests of the broker sqs (docs/service/sqs.md). Batches need the permission of the single action. There is no CreateQueue:
# the URL has create=no.
data "aws_iam_policy_document" "worker" {
  statement {
    actions = [
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:GetQueueUrl",
      "sqs:ReceiveMessage",
      "sqs:SendMessage",
    ]
    resources = [aws_sqs_queue.tasks.arn, aws_sqs_queue.dead_letters.arn]
  }
}

resource "aws_iam_role" "ecs_execution" {
  name               = "task-worker-execution"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "ecs_execution" {
  name   = "start"
  role   = aws_iam_role.ecs_execution.id
  policy = data.aws_iam_policy_document.execution.json
}

resource "aws_iam_role" "worker_task" {
  name               = "task-worker"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "worker_task" {
  name   = "queue"
  role   = aws_iam_role.worker_task.id
  policy = data.aws_iam_policy_document.worker.json
}
