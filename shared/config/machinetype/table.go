package machinetype

// class is a row of predefined machine types that share the first two parts of
// their names. A size is written as 8 if perCPU determines the memory; as 8=30
// with its memory in GB; as 8g=96/680 with its CPUs and memory; and as =2/4 if
// the class itself is the name. A class may have several rows.
type class struct {
	name   string
	perCPU float64 // GB of memory per CPU
	sizes  string
}

// classes are Compute Engine's predefined machine types, after its machine
// resource pages:
// https://cloud.google.com/compute/docs/machine-resource
var classes = []class{
	{"f1-micro", 0, "=1/0.6"},
	{"g1-small", 0, "=1/1.7"},

	{"e2-micro", 0, "=2/1"},
	{"e2-small", 0, "=2/2"},
	{"e2-medium", 0, "=2/4"},
	{"e2-standard", 4, "2 4 8 16 32"},
	{"e2-highmem", 8, "2 4 8 16"},
	{"e2-highcpu", 1, "2 4 8 16 32"},

	{"n1-standard", 3.75, "1 2 4 8 16 32 64 96"},
	{"n1-highmem", 6.5, "2 4 8 16 32 64 96"},
	{"n1-highcpu", 0, "2=1.8 4=3.6 8=7.2 16=14.4 32=28.8 64=57.6 96=86.4"},
	{"n1-megamem", 0, "96=1433.6"},
	{"n1-ultramem", 0, "40=961 80=1922 160=3844"},

	{"n2-standard", 4, "2 4 8 16 32 48 64 80 96 128"},
	{"n2-highmem", 8, "2 4 8 16 32 48 64 80 96 128=864"},
	{"n2-highcpu", 1, "2 4 8 16 32 48 64 80 96"},
	{"n2d-standard", 4, "2 4 8 16 32 48 64 80 96 128 224"},
	{"n2d-highmem", 8, "2 4 8 16 32 48 64 80 96"},
	{"n2d-highcpu", 1, "2 4 8 16 32 48 64 80 96 128 224"},

	{"n4-standard", 4, "2 4 8 16 32 48 64 80"},
	{"n4-highmem", 8, "2 4 8 16 32 48 64 80"},
	{"n4-highcpu", 2, "2 4 8 16 32 48 64 80"},
	{"n4a-standard", 4, "1 2 4 8 16 32 48 64"},
	{"n4a-highmem", 8, "1 2 4 8 16 32 48 64"},
	{"n4a-highcpu", 2, "1 2 4 8 16 32 48 64"},
	{"n4d-standard", 4, "2 4 8 16 32 48 64 80 96"},
	{"n4d-highmem", 8, "2 4 8 16 32 48 64 80 96"},
	{"n4d-highcpu", 2, "2 4 8 16 32 48 64 80 96"},

	{"t2a-standard", 4, "1 2 4 8 16 32 48"},
	{"t2d-standard", 4, "1 2 4 8 16 32 48 60"},

	{"c2-standard", 4, "4 8 16 30 60"},
	{"c2d-standard", 4, "2 4 8 16 32 56 112"},
	{"c2d-highmem", 8, "2 4 8 16 32 56 112"},
	{"c2d-highcpu", 2, "2 4 8 16 32 56 112"},

	{"c3-standard", 4, "4 8 22 44 88 176 192-metal"},
	{"c3-standard", 4, "4-lssd 8-lssd 22-lssd 44-lssd 88-lssd 176-lssd"},
	{"c3-highmem", 8, "4 8 22 44 88 176 192-metal"},
	{"c3-highcpu", 2, "4 8 22 44 88 176 192-metal=512"},
	{"c3d-standard", 4, "4 8 16 30 60 90 180 360"},
	{"c3d-standard", 4, "8-lssd 16-lssd 30-lssd 60-lssd 90-lssd 180-lssd 360-lssd"},
	{"c3d-highmem", 8, "4 8 16 30 60 90 180 360"},
	{"c3d-highmem", 8, "8-lssd 16-lssd 30-lssd 60-lssd 90-lssd 180-lssd 360-lssd"},
	{"c3d-highcpu", 2, "4 8 16 30=59 60=118 90=177 180=354 360=708"},

	{"c4-standard", 3.75, "2=7 4 8 16 24 32 48 96 144 192 288 288-metal"},
	{"c4-standard", 3.75, "4-lssd 8-lssd 16-lssd 24-lssd 32-lssd 48-lssd 96-lssd 144-lssd 192-lssd 288-lssd 288-lssd-metal"},
	{"c4-highmem", 7.75, "2=15 4 8 16 24 32 48 96 144 192 288 288-metal"},
	{"c4-highmem", 7.75, "4-lssd 8-lssd 16-lssd 24-lssd 32-lssd 48-lssd 96-lssd 144-lssd 192-lssd 288-lssd 288-lssd-metal"},
	{"c4-highcpu", 2, "2 4 8 16 24 32 48 96 144 192 288 288-metal"},
	{"c4a-standard", 4, "1 2 4 8 16 32 48 64 72 96-metal"},
	{"c4a-standard", 4, "4-lssd 8-lssd 16-lssd 32-lssd 48-lssd 64-lssd 72-lssd"},
	{"c4a-highmem", 8, "1 2 4 8 16 32 48 64 72 96-metal"},
	{"c4a-highmem", 8, "4-lssd 8-lssd 16-lssd 32-lssd 48-lssd 64-lssd 72-lssd"},
	{"c4a-highcpu", 2, "1 2 4 8 16 32 48 64 72"},
	{"c4d-standard", 3.875, "2=7 4=15 8 16 32 48 64 96 192 384 384-metal=1536"},
	{"c4d-standard", 3.875, "8-lssd 16-lssd 32-lssd 48-lssd 64-lssd 96-lssd 192-lssd 384-lssd"},
	{"c4d-highmem", 7.875, "2=15 4=31 8 16 32 48 64 96 192 384 384-metal=3072"},
	{"c4d-highmem", 7.875, "8-lssd 16-lssd 32-lssd 48-lssd 64-lssd 96-lssd 192-lssd 384-lssd"},
	{"c4d-highcpu", 1.875, "2=3 4=7 8 16 32 48 64 96 192 384 384-metal=768"},
	{"c4n-standard", 3.75, "2=7 4 8 16 24 48 96 192"},
	{"c4n-standard", 3.75, "4-lssd 8-lssd 16-lssd 24-lssd 48-lssd 96-lssd 192-lssd"},
	{"c4n-highmem", 7.75, "2=15 4 8 16 24 48 96 192"},
	{"c4n-highmem", 7.75, "4-lssd 8-lssd 16-lssd 24-lssd 48-lssd 96-lssd 192-lssd"},
	{"c4n-highcpu", 2, "2 4 8 16 24 48 96 192"},

	{"h3-standard", 4, "88"},
	{"h4d-standard", 3.75, "192"},
	{"h4d-highmem", 7.75, "192 192-lssd"},

	{"m1-megamem", 0, "96=1433.6"},
	{"m1-ultramem", 0, "40=961 80=1922 160=3844"},
	{"m2-megamem", 0, "416=5888"},
	{"m2-hypermem", 0, "416=8832"},
	{"m2-ultramem", 0, "208=5888 416=11776"},
	{"m3-megamem", 0, "64=976 128=1952"},
	{"m3-ultramem", 30.5, "32 64 128"},
	{"m4-hypermem", 15.5, "16 32 64"},
	{"m4-megamem", 0, "28=372 56=744 112=1488 224=2976"},
	{"m4-ultramem", 0, "56=1488 112=2976 224=5952"},
	{"m4n-hypermem", 15.5, "16 32 64"},
	{"m4n-megamem", 0, "28=372 56=744 112=1488 224=2976"},
	{"m4n-ultramem", 0, "56=1488 112=2976 224=5952"},
	{"x4-megamem", 0, "960-metal=16384 1440-metal=24576 1920-metal=32768"},
	{"x4-480", 0, "6t-metal=480/6144 8t-metal=480/8192"},
	{"x4-960", 0, "12t-metal=960/12288 16t-metal=960/16384"},
	{"x4-1440", 0, "24t-metal=1440/24576"},
	{"x4-1920", 0, "32t-metal=1920/32768"},

	{"z3-highmem", 8, "88 176 8-highlssd 16-highlssd 22-highlssd 32-highlssd 44-highlssd 88-highlssd 192-highlssd-metal"},
	{"z3-highmem", 8, "14-standardlssd 22-standardlssd 44-standardlssd 88-standardlssd 176-standardlssd"},
	{"z4d-highmem", 7.875, "8-highlssd 16-highlssd 32-highlssd 48-highlssd 64-highlssd 96-highlssd 192-highlssd"},
	{"z4d-highmem", 7.875, "16-standardlssd 32-standardlssd 48-standardlssd 64-standardlssd 96-standardlssd 192-standardlssd 384-standardlssd"},

	{"a2-highgpu", 0, "1g=12/85 2g=24/170 4g=48/340 8g=96/680"},
	{"a2-ultragpu", 0, "1g=12/170 2g=24/340 4g=48/680 8g=96/1360"},
	{"a2-megagpu", 0, "16g=96/1360"},
	{"a3-highgpu", 0, "1g=26/234 2g=52/468 4g=104/936 8g=208/1872"},
	{"a3-edgegpu", 0, "8g=208/1872 8g-nolssd=208/1872"},
	{"a3-megagpu", 0, "8g=208/1872"},
	{"a3-ultragpu", 0, "8g=224/2952 8g-nolssd=224/2952"},
	{"a4-highgpu", 0, "8g=224/3968"},
	{"a4x-highgpu", 0, "4g=140/884"},
	{"a4x-maxgpu", 0, "4g-metal=144/960"},
	{"g2-standard", 4, "4 8 12 16 24 32 48 96"},
	{"g4-standard", 3.75, "6=22 12 24 48 96 192 384"},
}
