# SPDX-License-Identifier: MIT OR Apache-2.0
"""The part of the schema of Terraform's provider for AWS that tools/deploy/terraform uses. Source: the pages
website/docs/r/NAME.html.markdown and website/docs/d/NAME.html.markdown of hashicorp/terraform-provider-aws 5.x.

block, nested ones behind / | required arguments | optional arguments | attributes besides the arguments"""

TABLE = (
    "aws_appautoscaling_policy | name resource_id scalable_dimension service_namespace | policy_type | arn",
    "aws_appautoscaling_policy/target_tracking_scaling_policy_configuration | target_value | scale_in_cooldown scale_out_cooldown |",
    "aws_appautoscaling_policy/target_tracking_scaling_policy_configuration/customized_metric_specification | metric_name namespace statistic | |",
    "aws_appautoscaling_policy/target_tracking_scaling_policy_configuration/customized_metric_specification/dimensions | name value | |",
    "aws_appautoscaling_target | max_capacity min_capacity resource_id scalable_dimension service_namespace | role_arn | arn",
    "aws_cloudwatch_log_group | | name retention_in_days | arn",
    "aws_ecr_repository | name | image_tag_mutability | arn registry_id repository_url",
    "aws_ecr_repository/image_scanning_configuration | scan_on_push | |",
    "aws_ecs_cluster | name | | arn id",
    "aws_ecs_cluster/setting | name value | |",
    "aws_ecs_service | name | cluster task_definition desired_count launch_type deployment_minimum_healthy_percent deployment_maximum_percent | id",
    "aws_ecs_service/deployment_circuit_breaker | enable rollback | |",
    "aws_ecs_service/network_configuration | subnets | security_groups assign_public_ip |",
    "aws_ecs_task_definition | container_definitions family | network_mode requires_compatibilities cpu memory execution_role_arn task_role_arn | arn revision",
    "aws_iam_role | assume_role_policy | name | arn id",
    "aws_iam_role_policy | policy role | name | id",
    "aws_secretsmanager_secret | | name | arn id",
    "aws_security_group | | name description vpc_id | arn id",
    "aws_sqs_queue | | name visibility_timeout_seconds receive_wait_time_seconds message_retention_seconds sqs_managed_sse_enabled redrive_policy | arn id url",
    "aws_sqs_queue_redrive_allow_policy | queue_url redrive_allow_policy | |",
    "aws_vpc_security_group_egress_rule | security_group_id ip_protocol from_port to_port cidr_ipv4 | description | arn",
    "data.aws_caller_identity | | | account_id arn user_id",
    "data.aws_iam_policy_document | | | json",
    "data.aws_iam_policy_document/statement | actions | resources effect sid |",
    "data.aws_iam_policy_document/statement/condition | test variable values | |",
    "data.aws_iam_policy_document/statement/principals | type identifiers | |",
)
META = {"depends_on", "lifecycle", "count", "for_each", "provider"}


class Row:
    def __init__(self, line):
        name, required, optional, attributes = (column.split() for column in line.split("|"))
        self.name, self.required, self.optional = name[0], set(required), set(optional)
        self.arguments = self.required | self.optional
        self.attributes = self.arguments | set(attributes)


ROWS = {row.name: row for row in map(Row, TABLE)}


def check(findings, name, where, body):
    """The arguments of a block, and those of the blocks in it."""
    row = ROWS.get(name)
    if not findings.claim(row, f"{where} is a block that terraform_schema.py knows: {name}"):
        return
    blocks = {f"{name}/{key}": key for key in body if f"{name}/{key}" in ROWS}
    given = set(body) - set(blocks.values()) - (META if "/" not in name else set())
    findings.claim(not row.required - given, f"{where} lacks required arguments: {sorted(row.required - given)}")
    findings.claim(not given - row.arguments, f"{where} has unknown arguments: {sorted(given - row.arguments)}")
    for inner, key in blocks.items():
        for one in body[key]:
            check(findings, inner, f"{where}.{key}", one)
