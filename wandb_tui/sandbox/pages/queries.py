"""The GraphQL that the run page's script sends."""

from __future__ import annotations

RUN_PAGE_OPERATION = "RunPage"
"""The name of the operation; a cookie-authenticated request with it starts the export, as a visit does."""

RUN_PAGE_QUERY = """
query RunPage($entityName: String!, $projectName: String!, $runName: String!) {
  viewer { id username entity }
  project(name: $projectName, entityName: $entityName) {
    id
    name
    readOnly
    run(name: $runName) {
      id
      name
      displayName
      state
      createdAt
      heartbeatAt
      notes
      tags
      group
      jobType
      config
      summaryMetrics
      historyKeys
      historyLineCount
      user { id username name }
    }
  }
}
""".strip()
