"""The actions that CloudFormation calls for a data source of Quick, as the caller of the operation.

By the handlers in the schema of `AWS::QuickSight::DataSource`; `tests/deploy/strictness.py`
compares them with the schema that cfn-lint ships. After `create` and `update`, CloudFormation calls
`read`, whose actions these include.
"""

_READ = (
    "quicksight:DescribeDataSource",
    "quicksight:DescribeDataSourcePermissions",
    "quicksight:ListTagsForResource",
)
_FOLDERS = (
    "quicksight:CreateFolderMembership",
    "quicksight:DeleteFolderMembership",
    "quicksight:ListFoldersForResource",
)
ACTIONS = {
    "create": ("quicksight:CreateDataSource", *_READ, "quicksight:TagResource", *_FOLDERS),
    "update": (
        *_READ,
        "quicksight:UpdateDataSource",
        "quicksight:UpdateDataSourcePermissions",
        "quicksight:TagResource",
        "quicksight:UntagResource",
        *_FOLDERS,
    ),
    "delete": (*_READ, "quicksight:DeleteDataSource"),
}
# By AWS's service authorization reference. All others have the data source as their resource.
WITHOUT_RESOURCE_TYPES = ("quicksight:CreateDataSource",)
ON_FOLDERS = ("quicksight:CreateFolderMembership", "quicksight:DeleteFolderMembership")
