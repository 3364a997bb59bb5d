extension ValidationRule {
    /// STR-1: `artifactStore` or `artifactStores`, not both; actions in several regions need a store in each.
    ///
    /// A file may leave both out, and the role: artifacts are kept here, not there. AWS wants them.
    static let stores = ValidationRule("STR-1") { examination in
        let pipeline = examination.pipeline
        let regions = Set(examination.actions.compactMap(\.action.region))
        if examination.catalogue.isStrict {
            if pipeline.roleArn == nil { examination.report("roleArn", "Is missing; AWS needs the ARN of a role.") }
            if pipeline.artifactStore == nil && pipeline.artifactStores == nil {
                examination.report("artifactStore", "Is missing; AWS needs it, or artifactStores.")
            }
        }
        if let store = pipeline.artifactStore {
            examination.examine(store, at: "artifactStore")
            if pipeline.artifactStores != nil {
                examination.report("artifactStores", "Stands beside artifactStore; keep one of the two.")
            } else if regions.count > 1 {
                let names = regions.sorted().prefix(5).joined(separator: ", ")
                examination.report(
                    "artifactStore",
                    "The actions are in several regions (\(names)); write artifactStores with a store for each.")
            }
        }
        guard let stores = pipeline.artifactStores else { return }
        for (region, store) in stores.sorted(by: { $0.key < $1.key }) {
            examination.examine(store, at: "artifactStores.\(region)")
        }
        for region in regions.sorted() where stores[region] == nil {
            examination.report("artifactStores", "Has no store for \(region), where actions run; add one.")
        }
    }
}

extension Examination {
    fileprivate mutating func examine(_ store: ArtifactStoreDeclaration, at path: String) {
        if store.type != "S3" { report("\(path).type", "\"\(excerpt(store.type))\" is not a type of store; write S3.") }
        report("\(path).location", fault: NamePattern.storeLocation.fault(in: store.location))
        guard let key = store.encryptionKey else { return }
        report("\(path).encryptionKey.id", fault: lengthFault(key.id, 1...400))
        if key.type != "KMS" {
            report("\(path).encryptionKey.type", "\"\(excerpt(key.type))\" is not a type of key; write KMS.")
        }
    }
}
