use super::*;
use stack_emulator::References;

const SUBNET: &str = "AWS::EC2::Subnet";
const IGW: &str = "AWS::EC2::InternetGateway";
const ATTACHMENT: &str = "AWS::EC2::VPCGatewayAttachment";
const TABLE: &str = "AWS::EC2::RouteTable";
const ROUTE: &str = "AWS::EC2::Route";
const ASSOCIATION: &str = "AWS::EC2::SubnetRouteTableAssociation";
const GROUP: &str = "AWS::EC2::SecurityGroup";
const INGRESS: &str = "AWS::EC2::SecurityGroupIngress";
const INSTANCE: &str = "AWS::EC2::Instance";
const EIP: &str = "AWS::EC2::EIP";
const NAT: &str = "AWS::EC2::NatGateway";
const INTERFACE: &str = "AWS::EC2::NetworkInterface";

fn vpc(world: &mut World) -> String {
    world.create(VPC, &json!({ "CidrBlock": "10.0.0.0/16" }))
}

fn subnet(world: &mut World, vpc: &str, cidr: &str) -> String {
    world.create(SUBNET, &json!({ "VpcId": vpc, "CidrBlock": cidr }))
}

fn attached_gateway(world: &mut World, vpc: &str) -> String {
    let gateway = world.create(IGW, &json!({}));
    world.create(ATTACHMENT, &json!({ "VpcId": vpc, "InternetGatewayId": gateway }));
    gateway
}

fn group(world: &mut World, vpc: &str, name: &str) -> String {
    world.create(GROUP, &json!({ "VpcId": vpc, "GroupName": name, "GroupDescription": "d" }))
}

fn instance(world: &mut World, subnet: &str) -> String {
    world.create(INSTANCE, &json!({ "ImageId": "ami-12345678", "SubnetId": subnet }))
}

fn refused(world: &mut World, ty: &str, props: &Json, code: &str, fragment: &str) {
    let (found, message) = world.fail_create(ty, props);
    assert!(found == code && message.contains(fragment), "{ty}: {found}: {message}");
}

fn kept(world: &mut World, ty: &str, id: &str) {
    let (code, message) = world.fail_delete(ty, id);
    assert_eq!(code, "InvalidRequest");
    assert!(message.contains("DependencyViolation"), "{message}");
    assert!(world.get(ty, id).is_ok(), "nothing happened");
}

fn gone(world: &mut World, ty: &str, id: &str) {
    let event = world.delete(ty, id);
    assert_eq!(event["OperationStatus"], "SUCCESS", "{event}");
}

#[test]
fn what_a_network_names_must_exist() {
    let mut world = World::new();
    let network = vpc(&mut world);
    let place = subnet(&mut world, &network, "10.0.0.0/24");
    let absent = "vpc-00000000000000000";
    for (ty, props, fragment) in [
        (
            SUBNET,
            json!({ "VpcId": absent, "CidrBlock": "10.0.0.0/24" }),
            "The vpc ID 'vpc-00000000000000000' does not exist",
        ),
        (TABLE, json!({ "VpcId": absent }), "InvalidVpcID.NotFound"),
        (GROUP, json!({ "VpcId": absent, "GroupDescription": "d" }), "The vpc ID"),
        (
            ATTACHMENT,
            json!({ "VpcId": network, "InternetGatewayId": "igw-1" }),
            "The internetGateway ID 'igw-1' does not exist",
        ),
        (
            ASSOCIATION,
            json!({ "SubnetId": place, "RouteTableId": "rtb-1" }),
            "The routeTable ID 'rtb-1' does not exist",
        ),
        (
            INSTANCE,
            json!({ "ImageId": "ami-1", "SubnetId": "subnet-1" }),
            "The subnet ID 'subnet-1' does not exist",
        ),
        (
            INSTANCE,
            json!({ "ImageId": "ami-1", "SubnetId": place, "SecurityGroupIds": ["sg-1"] }),
            "The security group 'sg-1' does not exist",
        ),
        (INTERFACE, json!({ "SubnetId": "subnet-1" }), "The subnet ID"),
        (EIP, json!({ "InstanceId": "i-1" }), "The instance ID 'i-1' does not exist"),
        (
            INGRESS,
            json!({ "GroupId": "sg-1", "IpProtocol": "-1", "CidrIp": "0.0.0.0/0" }),
            "InvalidGroup.NotFound",
        ),
    ] {
        refused(&mut world, ty, &props, "NotFound", fragment);
    }
    let lb = json!({ "Name": "lb", "Subnets": [place, "subnet-1"] });
    refused(&mut world, "AWS::ElasticLoadBalancingV2::LoadBalancer", &lb, "InvalidRequest", "subnet-1");
}

#[test]
fn nothing_is_looked_at_where_the_configuration_says_so() {
    let config = Config { references: References::Unchecked, ..Config::default() };
    let mut world = World::with(config);
    world.create(SUBNET, &json!({ "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24" }));
    let role = "arn:aws:iam::123456789012:role/r";
    world.create(FUNCTION, &json!({ "FunctionName": "f", "Role": role, "Code": { "ZipFile": "x" } }));
}

#[test]
fn ranges_lie_inside_and_apart() {
    let mut world = World::new();
    for (cidr, fragment) in
        [("10.0.0.0/8", "The CIDR '10.0.0.0/8' is invalid"), ("10.0.0/8", "not a valid CIDR block")]
    {
        refused(&mut world, VPC, &json!({ "CidrBlock": cidr }), "InvalidRequest", fragment);
    }
    let network = vpc(&mut world);
    subnet(&mut world, &network, "10.0.0.0/24");
    for (cidr, fragment) in [
        ("10.1.0.0/24", "InvalidSubnet.Range"),
        ("10.0.0.128/25", "The CIDR '10.0.0.128/25' conflicts with another subnet"),
        ("10.0.1.0/30", "InvalidSubnet.Range"),
    ] {
        refused(
            &mut world,
            SUBNET,
            &json!({ "VpcId": network, "CidrBlock": cidr }),
            "InvalidRequest",
            fragment,
        );
    }
    world.create("AWS::EC2::VPCCidrBlock", &json!({ "VpcId": network, "CidrBlock": "10.1.0.0/16" }));
    subnet(&mut world, &network, "10.1.0.0/24");
    let elsewhere = json!({ "VpcId": network, "CidrBlock": "10.0.9.0/24", "AvailabilityZone": "eu-west-1a" });
    refused(&mut world, SUBNET, &elsewhere, "InvalidRequest", "availabilityZone");
}

#[test]
fn host_bits_are_cleared_on_write() {
    // Trap 53.
    let mut world = World::new();
    let network = vpc(&mut world);
    let id = subnet(&mut world, &network, "10.0.0.5/24");
    assert_eq!(world.get(SUBNET, &id).unwrap()["CidrBlock"], "10.0.0.0/24");
}

#[test]
fn the_service_fills_in_what_nobody_declared() {
    let mut world = World::new();
    let network = vpc(&mut world);
    let live = world.get(VPC, &network).unwrap();
    assert_eq!((&live["InstanceTenancy"], &live["EnableDnsSupport"]), (&json!("default"), &json!(true)));
    assert!(live["DefaultSecurityGroup"].as_str().unwrap().starts_with("sg-"));
    assert!(live["CidrBlockAssociations"][0].as_str().unwrap().starts_with("vpc-cidr-assoc-"));
    let place = subnet(&mut world, &network, "10.0.0.0/24");
    let placed = world.get(SUBNET, &place).unwrap();
    assert_eq!(placed["MapPublicIpOnLaunch"], false);
    assert!(placed["AvailabilityZone"].as_str().unwrap().starts_with("us-east-1"));
    let id = instance(&mut world, &place);
    let running = world.get(INSTANCE, &id).unwrap();
    assert_eq!((&running["Tenancy"], &running["VpcId"]), (&json!("default"), &json!(network)));
    assert_eq!(running["SecurityGroupIds"], json!([live["DefaultSecurityGroup"]]));
    assert_eq!((&running["PrivateIp"], &running["State"]["Name"]), (&json!("10.0.0.4"), &json!("running")));
    assert_eq!(running["AvailabilityZone"], placed["AvailabilityZone"]);
    let second = instance(&mut world, &place);
    assert_eq!(world.get(INSTANCE, &second).unwrap()["PrivateIp"], "10.0.0.5", "no address twice");
    let patch = json!([{ "op": "add", "path": "/Monitoring", "value": true }]);
    let event = world.update(INSTANCE, &id, &patch);
    assert_eq!(event["OperationStatus"], "SUCCESS", "defaults break no later update: {event}");
    let patch = json!([{ "op": "remove", "path": "/Monitoring" }]);
    world.update(INSTANCE, &id, &patch);
    assert_eq!(world.get(INSTANCE, &id).unwrap()["Monitoring"], false, "back to the default");
}

#[test]
fn what_comes_with_a_network_is_listed_and_goes_with_it() {
    let mut world = World::new();
    let network = vpc(&mut world);
    let groups = world.list(GROUP, None).unwrap();
    let tables = world.list(TABLE, None).unwrap();
    assert_eq!((groups.len(), tables.len()), (1, 1), "the default group and the main table");
    assert_eq!(world.get(GROUP, &groups[0]).unwrap()["GroupName"], "default");
    let (code, message) = world.fail_delete(GROUP, &groups[0]);
    assert!(code == "InvalidRequest" && message.contains("cannot be deleted by a user"), "{message}");
    kept(&mut world, TABLE, &tables[0]);
    gone(&mut world, VPC, &network);
    assert!(world.list(GROUP, None).unwrap().is_empty() && world.list(TABLE, None).unwrap().is_empty());
    assert_eq!(world.cloud.resources().count(), 0);
}

#[test]
fn a_network_goes_last() {
    let mut world = World::new();
    let network = vpc(&mut world);
    let place = subnet(&mut world, &network, "10.0.0.0/24");
    kept(&mut world, VPC, &network);
    let machine = instance(&mut world, &place);
    kept(&mut world, SUBNET, &place);
    gone(&mut world, INSTANCE, &machine);
    gone(&mut world, SUBNET, &place);
    let firewall = group(&mut world, &network, "web");
    kept(&mut world, VPC, &network);
    gone(&mut world, GROUP, &firewall);
    let table = world.create(TABLE, &json!({ "VpcId": network }));
    kept(&mut world, VPC, &network);
    gone(&mut world, TABLE, &table);
    attached_gateway(&mut world, &network);
    kept(&mut world, VPC, &network);
    gone(&mut world, ATTACHMENT, &format!("IGW|{network}"));
    gone(&mut world, VPC, &network);
}

#[test]
fn a_gateway_is_attached_once_and_detached_before_it_goes() {
    let mut world = World::new();
    let network = vpc(&mut world);
    let gateway = attached_gateway(&mut world, &network);
    assert_eq!(world.get(ATTACHMENT, &format!("IGW|{network}")).unwrap()["AttachmentType"], "IGW");
    let second = world.create(VPC, &json!({ "CidrBlock": "10.9.0.0/16" }));
    let again = json!({ "VpcId": second, "InternetGatewayId": gateway });
    refused(&mut world, ATTACHMENT, &again, "InvalidRequest", "is already attached to network");
    refused(&mut world, ATTACHMENT, &json!({ "VpcId": second }), "InvalidRequest", "exactly one of");
    let other = world.create(IGW, &json!({}));
    let same = json!({ "VpcId": network, "InternetGatewayId": other });
    refused(&mut world, ATTACHMENT, &same, "AlreadyExists", "already exists");
    kept(&mut world, IGW, &gateway);
    gone(&mut world, ATTACHMENT, &format!("IGW|{network}"));
    gone(&mut world, IGW, &gateway);
}

#[test]
fn routes_have_one_destination_and_a_target_that_is_attached() {
    let mut world = World::new();
    let network = vpc(&mut world);
    let table = world.create(TABLE, &json!({ "VpcId": network }));
    let loose = world.create(IGW, &json!({}));
    let route = |gateway: &str| json!({ "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway });
    refused(&mut world, ROUTE, &route(&loose), "InvalidRequest", "belong to different networks");
    refused(&mut world, ROUTE, &route("igw-1"), "NotFound", "igw-1");
    let gateway = attached_gateway(&mut world, &network);
    assert_eq!(world.create(ROUTE, &route(&gateway)), format!("{table}|0.0.0.0/0"));
    refused(
        &mut world,
        ROUTE,
        &route(&gateway),
        "AlreadyExists",
        "The route identified by 0.0.0.0/0 already exists.",
    );
    let local = json!({ "RouteTableId": table, "DestinationCidrBlock": "10.0.0.0/16", "GatewayId": gateway });
    refused(&mut world, ROUTE, &local, "AlreadyExists", "10.0.0.0/16");
    let neither = json!({ "RouteTableId": table, "DestinationCidrBlock": "1.0.0.0/8" });
    refused(&mut world, ROUTE, &neither, "InvalidRequest", "exactly one of");
    let nat = json!({ "RouteTableId": table, "DestinationCidrBlock": "1.0.0.0/8", "NatGatewayId": "nat-1" });
    refused(&mut world, ROUTE, &nat, "NotFound", "The natGateway ID 'nat-1' does not exist");
    gone(&mut world, TABLE, &table);
    assert!(
        world.list(ROUTE, Some(&json!({ "RouteTableId": table }))).unwrap().is_empty(),
        "with their table"
    );
}

#[test]
fn a_subnet_has_one_table_and_a_table_in_use_stays() {
    let mut world = World::new();
    let network = vpc(&mut world);
    let place = subnet(&mut world, &network, "10.0.0.0/24");
    let table = world.create(TABLE, &json!({ "VpcId": network }));
    let other = world.create(TABLE, &json!({ "VpcId": network }));
    let pair = |table: &str| json!({ "SubnetId": place, "RouteTableId": table });
    let association = world.create(ASSOCIATION, &pair(&table));
    assert!(association.starts_with("rtbassoc-"));
    refused(
        &mut world,
        ASSOCIATION,
        &pair(&other),
        "AlreadyExists",
        "conflicts with an existing association",
    );
    kept(&mut world, TABLE, &table);
    gone(&mut world, ASSOCIATION, &association);
    gone(&mut world, TABLE, &table);
    let foreign = world.create(VPC, &json!({ "CidrBlock": "10.9.0.0/16" }));
    let foreign = world.create(TABLE, &json!({ "VpcId": foreign }));
    refused(&mut world, ASSOCIATION, &pair(&foreign), "InvalidRequest", "different networks");
}

#[test]
fn groups_in_use_or_named_by_others_stay() {
    let mut world = World::new();
    let network = vpc(&mut world);
    let place = subnet(&mut world, &network, "10.0.0.0/24");
    let web = group(&mut world, &network, "web");
    let live = world.get(GROUP, &web).unwrap();
    assert_eq!(live["GroupId"], live["Id"]);
    assert_eq!(live["SecurityGroupEgress"][0]["CidrIp"], "0.0.0.0/0", "everything may leave");
    let same = json!({ "VpcId": network, "GroupName": "web", "GroupDescription": "d" });
    refused(&mut world, GROUP, &same, "AlreadyExists", "The security group 'web' already exists for VPC");
    refused(&mut world, GROUP, &json!({ "GroupDescription": "d" }), "InvalidRequest", "No default VPC");
    let machine =
        world.create(INSTANCE, &json!({ "ImageId": "ami-1", "SubnetId": place, "SecurityGroupIds": [web] }));
    kept(&mut world, GROUP, &web);
    gone(&mut world, INSTANCE, &machine);
    let peer = json!([{ "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "SourceSecurityGroupId": web }]);
    let db = world.create(
        GROUP,
        &json!({ "VpcId": network, "GroupName": "db", "GroupDescription": "d", "SecurityGroupIngress": peer }),
    );
    kept(&mut world, GROUP, &web);
    gone(&mut world, GROUP, &db);
    gone(&mut world, GROUP, &web);
}

#[test]
fn a_rule_is_there_once_inline_or_on_its_own() {
    let mut world = World::new();
    let network = vpc(&mut world);
    let web = group(&mut world, &network, "web");
    let rule = |port: u16| json!({ "GroupId": web, "IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": "10.0.0.0/8" });
    let id = world.create(INGRESS, &rule(443));
    assert!(id.starts_with("sgr-"), "{id}");
    refused(&mut world, INGRESS, &rule(443), "AlreadyExists", "InvalidPermission.Duplicate");
    let inline = json!([{ "IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "10.0.0.0/8" }]);
    world.update(GROUP, &web, &json!([{ "op": "add", "path": "/SecurityGroupIngress", "value": inline }]));
    refused(&mut world, INGRESS, &rule(80), "AlreadyExists", "already exists");
    gone(&mut world, GROUP, &web);
    assert!(world.list(INGRESS, None).unwrap().is_empty(), "rules go with their group");
}

#[test]
fn instances_need_an_image_and_a_place() {
    let mut world = World::new();
    let network = vpc(&mut world);
    let place = subnet(&mut world, &network, "10.0.0.0/24");
    refused(
        &mut world,
        INSTANCE,
        &json!({ "SubnetId": place }),
        "InvalidRequest",
        "must contain the parameter ImageId",
    );
    refused(
        &mut world,
        INSTANCE,
        &json!({ "ImageId": "x", "SubnetId": place }),
        "InvalidRequest",
        "InvalidAMIID.Malformed",
    );
    refused(&mut world, INSTANCE, &json!({ "ImageId": "ami-1" }), "InvalidRequest", "No default VPC");
    let other = world.create(VPC, &json!({ "CidrBlock": "10.9.0.0/16" }));
    let foreign = group(&mut world, &other, "x");
    let mixed = json!({ "ImageId": "ami-1", "SubnetId": place, "SecurityGroupIds": [foreign] });
    refused(&mut world, INSTANCE, &mixed, "InvalidRequest", "belong to different networks");
    let held = json!({ "ImageId": "ami-1", "SubnetId": place, "DisableApiTermination": true });
    let id = world.create(INSTANCE, &held);
    assert!(world.fail_delete(INSTANCE, &id).1.contains("may not be terminated"));
    let own = world.create(INTERFACE, &json!({ "SubnetId": place }));
    let wired = json!({ "ImageId": "ami-1", "NetworkInterfaces": [{ "DeviceIndex": "0", "NetworkInterfaceId": own }] });
    let id = world.create(INSTANCE, &wired);
    assert_eq!(world.get(INSTANCE, &id).unwrap()["VpcId"], json!(network));
    assert!(world.fail_delete(INTERFACE, &own).1.contains("is currently in use"));
}

#[test]
fn a_public_nat_gateway_needs_an_address_and_a_way_out() {
    let mut world = World::new();
    let network = vpc(&mut world);
    let place = subnet(&mut world, &network, "10.0.0.0/24");
    let address = world.create(EIP, &json!({}));
    let allocation = world.get(EIP, &address).unwrap()["AllocationId"].as_str().unwrap().to_owned();
    assert!(address.ends_with(&format!("|{allocation}")) && allocation.starts_with("eipalloc-"), "{address}");
    refused(
        &mut world,
        NAT,
        &json!({ "SubnetId": place }),
        "InvalidRequest",
        "must include the AllocationId",
    );
    let unknown = json!({ "SubnetId": place, "AllocationId": "eipalloc-1" });
    refused(&mut world, NAT, &unknown, "NotFound", "Elastic IP address [eipalloc-1] not found");
    let public = json!({ "SubnetId": place, "AllocationId": allocation });
    refused(&mut world, NAT, &public, "NotStabilized", "has no Internet gateway attached");
    attached_gateway(&mut world, &network);
    let nat = world.create(NAT, &public);
    let live = world.get(NAT, &nat).unwrap();
    assert_eq!((&live["ConnectivityType"], &live["VpcId"]), (&json!("public"), &json!(network)));
    assert!(live.get("AutoScalingIps").is_none(), "regional gateways only: {live}");
    refused(&mut world, NAT, &public, "InvalidRequest", "is already associated");
    let (_, message) = world.fail_delete(EIP, &address);
    assert!(message.contains("is in use"), "{message}");
    kept(&mut world, ATTACHMENT, &format!("IGW|{network}"));
    kept(&mut world, SUBNET, &place);
    gone(&mut world, NAT, &nat);
    gone(&mut world, EIP, &address);
    world.create(NAT, &json!({ "SubnetId": place, "ConnectivityType": "private" }));
}
