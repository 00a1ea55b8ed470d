"""What the sandbox does of AWS's APIs. All else is refused, so that moto invents nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_OPERATIONS = {
    "ec2": """
        AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress CreateNetworkInterface
        CreateSecurityGroup CreateSubnet CreateTags CreateVpc DeleteNetworkInterface
        DeleteSecurityGroup DeleteSubnet DeleteTags DeleteVpc DescribeAvailabilityZones
        DescribeSecurityGroupRules DescribeSecurityGroups DescribeSubnets DescribeTags DescribeVpcs
        RevokeSecurityGroupEgress RevokeSecurityGroupIngress
    """,
    "iam": """
        AddUserToGroup AttachGroupPolicy AttachRolePolicy AttachUserPolicy CreateAccessKey
        CreateGroup CreatePolicy CreatePolicyVersion CreateRole CreateServiceLinkedRole CreateUser
        DeleteAccessKey DeleteGroup DeleteGroupPolicy DeletePolicy DeletePolicyVersion DeleteRole
        DeleteRolePermissionsBoundary DeleteRolePolicy DeleteServiceLinkedRole DeleteUser
        DeleteUserPolicy DetachGroupPolicy DetachRolePolicy DetachUserPolicy GetGroup
        GetGroupPolicy GetPolicy GetPolicyVersion GetRole GetRolePolicy
        GetServiceLinkedRoleDeletionStatus GetUser GetUserPolicy ListAccessKeys
        ListAttachedGroupPolicies ListAttachedRolePolicies ListAttachedUserPolicies
        ListEntitiesForPolicy ListGroupPolicies ListGroups ListGroupsForUser
        ListInstanceProfilesForRole ListPolicies ListPolicyVersions ListRolePolicies ListRoleTags
        ListRoles ListUserPolicies ListUsers PutGroupPolicy PutRolePermissionsBoundary
        PutRolePolicy PutUserPolicy RemoveUserFromGroup SetDefaultPolicyVersion TagRole UntagRole
        UpdateAccessKey UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription
    """,
    "redshift": """
        CreateCluster CreateClusterParameterGroup CreateClusterSubnetGroup CreateTags DeleteCluster
        DeleteClusterParameterGroup DeleteClusterSnapshot DeleteClusterSubnetGroup DeleteTags
        DescribeClusterParameterGroups DescribeClusterSnapshots DescribeClusterSubnetGroups
        DescribeClusters DescribeLoggingStatus DescribeTags GetClusterCredentials
        GetClusterCredentialsWithIAM ModifyCluster ModifyClusterIamRoles PauseCluster
        RestoreFromClusterSnapshot ResumeCluster
    """,
    "redshift-serverless": """
        CreateNamespace CreateUsageLimit CreateWorkgroup DeleteNamespace DeleteSnapshot
        DeleteUsageLimit DeleteWorkgroup GetCredentials GetNamespace GetSnapshot GetWorkgroup
        ListNamespaces ListSnapshots ListTagsForResource ListUsageLimits ListWorkgroups
        RestoreFromSnapshot TagResource UpdateNamespace UpdateUsageLimit UpdateWorkgroup
    """,
    "s3": """
        AbortMultipartUpload CompleteMultipartUpload CopyObject CreateBucket CreateMultipartUpload
        DeleteBucket DeleteBucketEncryption DeleteBucketPolicy DeleteBucketTagging DeleteObject
        DeleteObjectTagging DeleteObjects DeletePublicAccessBlock GetBucketEncryption
        GetBucketLocation GetBucketPolicy GetBucketTagging GetBucketVersioning GetObject
        GetObjectTagging GetPublicAccessBlock HeadBucket HeadObject ListBuckets ListObjectVersions
        ListObjects ListObjectsV2 ListParts PutBucketEncryption PutBucketPolicy PutBucketTagging
        PutBucketVersioning PutObject PutObjectTagging PutPublicAccessBlock UploadPart
        UploadPartCopy
    """,
    "secretsmanager": "GetSecretValue",
    "sts": "AssumeRole GetCallerIdentity",
}
OPERATIONS = {service: frozenset(names.split()) for service, names in _OPERATIONS.items()}
# What takes the place of an operation that is refused.
INSTEAD = {
    "CreateClusterSnapshot": "; it takes final snapshots only: DeleteCluster with "
    "FinalClusterSnapshotIdentifier"
}
# Parameters at any depth, of all operations or of one, that moto would pass over in silence.
_PARAMETERS = {
    "ec2": """
        ConnectionTrackingSpecification EnablePrimaryIpv6 InterfaceType Ipv4IpamPoolId
        Ipv4NetmaskLength Ipv4PrefixCount Ipv4Prefix Ipv6CidrBlock Ipv6IpamPoolId
        Ipv6NetmaskLength Ipv6Pool Ipv6Prefix Ipv6PrefixCount OutpostArn
        SourceSecurityGroupName SourceSecurityGroupOwnerId VpcEncryptionControl
    """,
    "iam": """
        CreateUser.PermissionsBoundary ListGroups.PathPrefix ListPolicies.PolicyUsageFilter
        MaxSigninSessionDuration ResetMaxSigninSessionDuration
    """,
    "redshift": """
        AdditionalInfo AvailabilityZoneRelocation CatalogName ClusterSecurityGroups
        CustomDomainName DbGroups DefaultIamRoleArn DescribeClusterParameterGroups.TagKeys
        DescribeClusterParameterGroups.TagValues DescribeClusterSubnetGroups.TagKeys
        DescribeClusterSubnetGroups.TagValues DescribeTags.TagKeys DescribeTags.TagValues ElasticIp
        EnhancedVpcRouting ExtraComputeForAutomaticOptimization HsmClientCertificateIdentifier
        HsmConfigurationIdentifier IpAddressType LoadSampleData MaintenanceTrackName
        MasterPasswordSecretKmsKeyId MultiAZ RedshiftIdcApplicationArn ReservedNodeId
        SnapshotScheduleIdentifier TargetReservedNodeOfferingId
    """,
    "s3": """
        ACL AnnotationDirective BypassGovernanceRetention ChecksumCRC32C ChecksumCRC64NVME
        ChecksumMD5 ChecksumSHA512 ChecksumXXHASH128 ChecksumXXHASH3 ChecksumXXHASH64
        CopySourceIfMatch CopySourceIfModifiedSince CopySourceIfUnmodifiedSince
        CopySourceSSECustomerAlgorithm GrantFullControl GrantRead GrantReadACP GrantWrite
        GrantWriteACP IfMatchInitiatedTime IfMatchLastModifiedTime IfMatchSize MFA MFADelete
        MpuObjectSize ObjectLockEnabledForBucket ObjectLockEventHold ObjectLockLegalHoldStatus
        ObjectLockMode ObjectLockRetainUntilDate SSECustomerAlgorithm SSEKMSEncryptionContext
        SSEKMSKeyId ServerSideEncryption WebsiteRedirectLocation WriteOffsetBytes
    """,
    "secretsmanager": "VersionId VersionStage",
    "sts": """
        AssumeRole.Tags PolicyArns ProvidedContexts SerialNumber SourceIdentity TokenCode
        TransitiveTagKeys
    """,
}
PARAMETERS = {service: frozenset(names.split()) for service, names in _PARAMETERS.items()}
# Of these the values that ask for what the sandbox does anyway.
HARMLESS = {
    "ACL": ("private", "bucket-owner-full-control"),
    "InterfaceType": ("interface",),
    "IpAddressType": ("ipv4",),
    "MFADelete": ("Disabled",),
    "MaintenanceTrackName": ("current",),
    "ObjectLockLegalHoldStatus": ("OFF",),
    "ServerSideEncryption": ("AES256",),
    "VersionStage": ("AWSCURRENT",),
}
# The filters that moto knows; `tag` stands for all that begin with `tag:`.
_FILTERS = {
    "DescribeAvailabilityZones": "region-name state zone-id zone-name zone-type",
    "DescribeSecurityGroupRules": "group-id security-group-rule-id tag tag-key tag-value",
    "DescribeSecurityGroups": """
        description group-id group-name ip-permission.cidr ip-permission.from-port
        ip-permission.group-id ip-permission.protocol ip-permission.to-port owner-id tag tag-key
        tag-value vpc-id
    """,
    "DescribeSubnets": """
        availability-zone availability-zone-id availabilityZone cidr cidr-block cidrBlock
        default-for-az defaultForAz owner-id state subnet-id tag tag-key tag-value vpc-id
    """,
    "DescribeTags": "key resource-id resource-type value",
    "DescribeVpcs": """
        cidr cidr-block cidrBlock dhcp-options-id is-default isDefault owner-id state tag tag-key
        tag-value vpc-id
    """,
}
FILTERS = {operation: frozenset(names.split()) for operation, names in _FILTERS.items()}


def left_out(service: str, operation: str, parameters: Mapping[str, Any]) -> str | None:
    """The first of the parameters that the sandbox can do nothing about, None if there is none."""
    known = PARAMETERS.get(service, ())
    for name, value in _all_within(parameters):
        refused = name in known or f"{operation}.{name}" in known
        if refused and value not in (None, False, "", [], *HARMLESS.get(name, ())):
            return name
        if name == "Filters" and service == "ec2":
            wanted = str(value.get("Name"))
            if wanted.partition(":")[0] not in FILTERS[operation]:
                return f"filter {wanted}"
    return None


def _all_within(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """What a request holds at any depth; what is in a list has the list's name."""
    if isinstance(value, list):
        for each in value:
            yield from _all_within(each, name)
        return
    yield name, value
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _all_within(each, key)
