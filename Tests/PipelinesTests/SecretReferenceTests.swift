import Testing

@testable import Pipelines

private let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-AbC"

@Suite("References to secrets (VAR-9)")
struct SecretReferenceTests {
    @Test(
        "each form is read, and all after the id may be left out",
        arguments: [
            ("{{secret:db/prod.key}}", [nil, "db/prod.key", nil, nil, nil]),
            ("{{secret:\(arn)}}", [nil, arn, nil, nil, nil]),
            ("{{resolve:secretsmanager:shop}}", ["secretsmanager", "shop", nil, nil, nil]),
            ("{{resolve:secretsmanager:shop::::}}", ["secretsmanager", "shop", nil, nil, nil]),
            ("{{resolve:secretsmanager:shop:SecretString:token}}", ["secretsmanager", "shop", "token", nil, nil]),
            (
                "{{resolve:secretsmanager:shop:SecretString:a b:AWSPREVIOUS}}",
                ["secretsmanager", "shop", "a b", "AWSPREVIOUS", nil]
            ),
            (
                "{{resolve:secretsmanager:shop:SecretString:token::v-1}}",
                ["secretsmanager", "shop", "token", nil, "v-1"]
            ),
            ("{{resolve:secretsmanager:\(arn):SecretString:token}}", ["secretsmanager", arn, "token", nil, nil]),
            ("{{resolve:secretsmanager:\(arn)}}", ["secretsmanager", arn, nil, nil, nil]),
            ("{{resolve:ssm-secure:/shop/db}}", ["ssm-secure", "/shop/db", nil, nil, nil]),
            ("{{resolve:ssm-secure:/shop/db:12}}", ["ssm-secure", "/shop/db", nil, nil, "12"]),
            (
                "{{resolve:ssm-secure:arn:aws:ssm:eu-west-1:123456789012:parameter/shop/db:3}}",
                ["ssm-secure", "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/db", nil, nil, "3"]
            ),
        ])
    func forms(text: String, parts: [String?]) throws {
        let template = SecretTemplate("a \(text)}")
        #expect(template.malformed == [])
        let use = try #require(template.uses.first)
        #expect(use.offset == 2 && use.length == text.utf8.count)
        let reference = use.reference
        let service = reference.service.rawValue.split(separator: ":").dropFirst().first.map(String.init)
        #expect([service, reference.id, reference.jsonKey, reference.versionStage, reference.version] == parts)
    }

    @Test(
        "what begins like one and is none is told as it stands",
        arguments: [
            "{{secret:}}", "{{secret:a b}}", "{{secret:a", "{{secret:a}", "{{secret:a\nb}}", "{{secret:é}}",
            "{{resolve:}}", "{{resolve:secretsmanager}}", "{{resolve:secretsmanager:}}", "{{resolve:secretmanager:a}}",
            "{{resolve:secretsmanager:a:SecretBinary}}", "{{resolve:secretsmanager:a:SecretString:k:s:v}}",
            "{{resolve:secretsmanager:a:SecretString:k:s::x}}", "{{resolve:secretsmanager:arn:aws:short}}",
            "{{resolve:ssm-secure:a:latest}}", "{{resolve:ssm-secure:a:1:2}}", "{{resolve:ssm-secure:}}",
            "{{secret:#{variables.Name}}}",
        ])
    func malformed(text: String) {
        let template = SecretTemplate("x \(text)")
        #expect(template.uses == [] && template.malformed.count == 1, "\(template)")
        #expect(text.hasPrefix(template.malformed.first ?? "?"))
    }

    @Test(
        "other braces are text, and a plain parameter of AWS is, too",
        arguments: [
            "{{ secret:a }}", "{secret:a}", "{{.Values.x}}", "{{resolve:ssm:/shop/size}}", "{{", "{{secrets:a}}",
        ])
    func text(text: String) {
        #expect(SecretTemplate(text).isEmpty)
    }

    @Test("only what stands in the definition is a reference: what a variable brings is text (VAR-1, VAR-9)")
    func variables() throws {
        let brought = "{{secret:db}}é"
        let action = Action(
            name: "A", type: ActionTypeID(category: "Build", owner: "Custom", provider: "P", version: "1"),
            configuration: [
                "Own": "x {{secret:a}}#{N.V}{{secret:b}}", "Brought": "#{N.V}", "Halves": "{{secret:#{N.W}}}",
                "Before": "{#{N.W}{{secret:a}}", "Plain": "y",
            ],
            environmentVariables: [
                EnvironmentVariable(name: "E", value: "#{N.V}{{secret:a}}"),
                EnvironmentVariable(name: "F", value: "name", kind: .secretsManager),
            ])
        let lookup: (VariableReference) -> String? = { $0.key == "V" ? brought : "a" }
        let places = action.secretPlaces(lookup)
        #expect(
            places == [
                "configuration.Own": [2, 14 + brought.utf8.count], "configuration.Before": [2],
                "environmentVariables[0].value": [brought.utf8.count],
            ])
        let resolved = try action.resolved(lookup)
        let own = Array(resolved.configuration["Own"]!.utf8)
        #expect(places["configuration.Own"]!.map { SecretTemplate.Use(at: $0, in: own)?.reference.id } == ["a", "b"])
    }

    @Test("in a source action no variable is replaced, and secrets are (VAR-4)")
    func sources() {
        let action = Action(
            name: "A", type: ActionTypeID(category: "Source", owner: "Custom", provider: "P", version: "1"),
            configuration: ["Token": "#{N.V}{{secret:a}}"])
        #expect(action.secretPlaces { _ in "longer than that" } == ["configuration.Token": [6]])
    }

    @Test("a place where nothing stands holds no reference", arguments: [-0, 1, 5, 100])
    func places(offset: Int) {
        #expect(SecretTemplate.Use(at: offset, in: Array("x{{}}{{secret:}}".utf8)) == nil)
    }
}
