"""The way that a job's calls take out of a VPC, as far as policies see it: through which endpoint they reach S3.

A gateway endpoint stands on route tables: traffic of a subnet takes it if the subnet's route table has it (the table
that the subnet is associated with, else its VPC's main one). Source: VPC user guide, "Gateway endpoints for Amazon S3".
"""

from typing import Any

from .ministack import ec2


def to_s3(vpc: dict[str, Any] | None, region: str) -> dict[str, str]:
    """The keys aws:SourceVpce and aws:SourceVpc that S3 sees of calls out of a VpcConfig; none without an endpoint.

    Every subnet has to lead to the endpoint: a job may run in any of them.
    """
    if not vpc:
        return {}
    ec2._ensure_defaults_initialized()
    ways = [_way(subnet, region) for subnet in vpc["Subnets"]]
    return ways[0] if all(way == ways[0] for way in ways) else {}


def _way(subnet: str, region: str) -> dict[str, str]:
    table = _table(subnet)
    for endpoint in ec2._vpc_endpoints.values():
        of_s3 = endpoint["ServiceName"] == f"com.amazonaws.{region}.s3" and endpoint["VpcEndpointType"] == "Gateway"
        if of_s3 and table and table in endpoint["RouteTableIds"]:
            return {"aws:SourceVpce": endpoint["VpcEndpointId"], "aws:SourceVpc": endpoint["VpcId"]}
    return {}


def _table(subnet: str) -> str:
    """The route table of a subnet, "" if there is no such subnet."""
    home = ec2._subnets.get(subnet, {}).get("VpcId")
    main = ""
    for table in ec2._route_tables.values():
        for association in table["Associations"]:
            if association.get("SubnetId") == subnet:
                return table["RouteTableId"]
            if association.get("Main") and table["VpcId"] == home:
                main = table["RouteTableId"]
    return main
