"""Presets of name patterns: how microscopes name their files, each with where that is documented.

A preset without a source is not taken in.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """Where the names of a microscope are documented.

    Attributes
    ----------
    title
        What it is.
    address
        Where anybody can read it.
    """

    title: str
    address: str


@dataclass(frozen=True)
class NamePreset:
    """How one microscope or program names the files of an image.

    Attributes
    ----------
    microscope
        The microscope or program, and the layout where there are several.
    pattern
        The name pattern, see `patterns.NamePattern`.
    source
        Where the layout is documented.
    examples
        Names as they stand there, with folders where the pattern has some.
    proposed_for
        A regular expression found in all names that the preset is proposed for, where its numbers
        could be anything in names of others; "" where the pattern itself says enough.
    """

    microscope: str
    pattern: str
    source: Source
    examples: tuple[str, ...]
    proposed_for: str = ""

    @property
    def family(self) -> str:
        """The microscope without its layout."""
        return self.microscope.partition(",")[0]


_MIA = Source(
    "MIA, module Extract metadata",
    "https://mianalysis.github.io/modules/input-output/extract-metadata",
)
_MOBIE = Source(
    "MoBIE, HCSPattern.java",
    "https://github.com/mobie/mobie-viewer-fiji/blob/main/src/main/java/org/embl/mobie/lib/hcs/"
    "HCSPattern.java",
)
_IMAGEXPRESS_R = Source("ImageXpressR, README", "https://github.com/CarragherLab/ImageXpressR")
_FAIM = Source(
    "faim-ipa, resources of ImageXpress and pull request 121",
    "https://github.com/fmi-faim/faim-ipa/pull/121",
)
_EZSTITCHER = Source(
    "EZStitcher, Microscope Formats",
    "https://ezstitcher.readthedocs.io/en/latest/appendices/microscope_formats.html",
)
_UZH = Source(
    "Fractal UZH converters, Molecular Devices ImageXpress HCS.ai",
    "https://fractal-analytics-platform.github.io/fractal-uzh-converters/dev/converters/"
    "md_imagexpress/",
)
_CELLPROFILER = Source(
    "CellProfiler 3 manual, Load Modules",
    "http://cellprofiler-manual.s3.amazonaws.com/CellProfiler-3.0.0/help/legacy_load_modules.html",
)
_METAMORPH = Source(
    "Bio-Formats, MetamorphReader.java",
    "https://github.com/ome/bioformats/blob/develop/components/formats-gpl/src/loci/formats/in/"
    "MetamorphReader.java",
)
_GEN5 = Source(
    "ImageJ-Batch-Analysis, README (Gen5, Cytation C10)",
    "https://github.com/demonhomefries/ImageJ-Batch-Analysis",
)
_IN_CELL_ISSUE = Source(
    "CellProfiler, issue 3725", "https://github.com/CellProfiler/CellProfiler/issues/3725"
)
_CECOG = Source(
    "CellCognition, naming_schemas.ini",
    "https://github.com/CellCognition/cecog/blob/master/resources/naming_schemas.ini",
)
_BEBI = Source(
    "Caltech BE/Bi 103 a, homework 1.3",
    "https://github.com/bebi103a/bebi103a.github.io/blob/"
    "d58ce3966bea0c7508c5cd62c42556621db8cdff/homework/01/hw1.3.ipynb",
)
_SUPERSEGGER = Source(
    "SuperSegger, convertImageNames.m and ReadFileName.m",
    "https://github.com/wiggins-lab/SuperSegger/tree/master/batch",
)
_HTM_RENAMER = Source(
    "htmrenamer, zeiss.r", "https://github.com/hmbotelho/htmrenamer/blob/master/R/zeiss.r"
)
_MPIMAGE = Source(
    "cycIF, mpimage.py",
    "https://github.com/engjen/SMMART_BC/blob/main/mplex_image/mpimage.py",
)
_MICRO_MANAGER = Source(
    "Micro-Manager, StorageSinglePlaneTiffSeries.java",
    "https://github.com/micro-manager/micro-manager/blob/main/mmstudio/src/main/java/org/"
    "micromanager/data/internal/StorageSinglePlaneTiffSeries.java",
)
_INCUCYTE = Source("MoBIE, issue 971", "https://github.com/mobie/mobie-viewer-fiji/issues/971")
_OCTOPUS = Source(
    "octopuslite-reader, patterns.py",
    "https://github.com/lowe-lab-ucl/octopuslite-reader/blob/main/octopuslite/patterns.py",
)
_BIOMERO = Source(
    "biomero-converter, IncucyteSource.py",
    "https://github.com/NL-BioImaging/biomero-converter/blob/main/src/IncucyteSource.py",
)
_KEYENCE = Source(
    "CODEXImageProcessingPackage, Pre-processing Instructions",
    "https://github.com/Kamyares88/CODEXImageProcessingPackage/tree/master/Pre-Processing",
)
_CODEX = Source(
    "HuBMAP codex-pipeline, README", "https://github.com/hubmapconsortium/codex-pipeline"
)
_AUTO_STITCH = Source("AutoStitch-Keyence, README", "https://github.com/majanne/AutoStitch-Keyence")
_ACQUIFER = Source(
    "Acquifer, Fiji examples, parseMetadata.ijm",
    "https://github.com/Luxendo/acquifer-Fiji-examples-archive/tree/master/examples",
)

NAME_PRESETS: tuple[NamePreset, ...] = (
    NamePreset(
        "CellVoyager", "{plate}_{well}_T{time}F{site}L{*}A{*}Z{z}C{channel}.tif", _MIA,
        ("AssayPlate_Greiner_#655090_C02_T0001F001L01A01Z01C01.tif",),
    ),
    NamePreset(
        "CellVoyager CV1000", "W{well_number}F{site}T{time}Z{z}C{channel}.tif", _MIA,
        ("W1F001T0001Z00C1.tif",),
    ),
    NamePreset(
        "ImageXpress", "{plate}_{well}_s{site}_w{channel}.tif", _IMAGEXPRESS_R,
        ("val screen_B02_s1_w1A52B1177-9DC7-4534-9623-9DCA396EFA00.tif",
         "val screen_B02_s1_w2D1E11FCC-8DCD-42F5-B2BD-B270F2E9223D.tif"),
    ),
    NamePreset(
        "ImageXpress, planes and times",
        "TimePoint_{time}/ZStep_{z}/{plate}_{well}_s{site}_w{channel}.tif", _FAIM,
        ("TimePoint_1/ZStep_1/9987_B02_s1_w1.TIF",),
    ),
    NamePreset(
        "ImageXpress, planes", "ZStep_{z}/{plate}_{well}_s{site}_w{channel}.tif", _FAIM,
        ("ZStep_1/Projection-Mix_E07_s1_w1E78EB128-BD0D-4D94-A6AD-3FF28BB1B105.tif",),
    ),
    NamePreset(
        "ImageXpress, times", "TimePoint_{time}/{plate}_{well}_s{site}_w{channel}.tif", _FAIM,
        ("TimePoint_1/1well-3C-2S-Zmix-T_C07_s1_w1.tif",),
    ),
    NamePreset(
        "ImageXpress, without a name", "{well}_s{site}_w{channel}.tif", _EZSTITCHER,
        ("A01_s1_w1.tif",),
    ),
    NamePreset(
        "ImageXpress, planes in names", "{well}_s{site}_w{channel}_z{z}.tif", _EZSTITCHER,
        ("A01_s1_w1_z1.tif",),
    ),
    NamePreset(
        "ImageXpress HCS.ai", "{plate}_t{time}_{well}_s{site}_w{channel}_z{z}.tif", _UZH,
        ("protocol_t0_C05_s0_w0_z0.tif", "protocol_t1_C05_s0_w0_z1.tif"),
    ),
    NamePreset(
        "MetaMorph", "{plate}_{well}_s{site}_w{channel}.tif", _CELLPROFILER,
        ("TE12345_A05_s1_w1.tif",),
    ),
    NamePreset(
        "MetaMorph, one site", "{plate}_{well}_w{channel}.tif", _CELLPROFILER,
        ("TE12345_A05_w1.tif",),
    ),
    NamePreset(
        "MetaMorph, wave first", "{plate}_{well}_w{channel}_s{site}.tif", _CELLPROFILER,
        ("Experiment1_A01_w1_s1.tif",),
    ),
    NamePreset(
        "MetaMorph, acquisition", "{name}_w{channel}_s{site}_t{time}.tif", _METAMORPH,
        ("exp_w1FITC_s1_t1.TIF", "CTL 3_w1CSU488_s1_t1.TIF"),
    ),
    NamePreset(
        "MetaMorph, acquisition at one time", "{name}_w{channel}_s{site}.tif", _METAMORPH,
        ("exp_w1FITC_s1.TIF",),
    ),
    NamePreset(
        "MetaMorph, acquisition at one site", "{name}_w{channel}_t{time}.tif", _METAMORPH,
        ("sample_Cell12_w1CSU GFP_t1.TIF",),
    ),
    NamePreset(
        "Cytation", "{well}_{step}_{*}_{site}_{channel}_{time}.tif", _GEN5,
        ("A1_01_1_1_DAPI_001.tif",), r"[A-P]\d+_-?\d+_\d+_\d+_[^/]+_\d{3}\.",
    ),
    NamePreset(
        "IN Cell", "{well}(fld {site} wv {channel}).tif", _IN_CELL_ISSUE,
        ("A - 01(fld 2 wv Blue - FITC).tif",),
    ),
    NamePreset(
        "IN Cell, planes", "{well}(fld {site} wv {channel} z {z}).tif", _MOBIE,
        ("A - 01(fld 1 wv Green - dsRed z 3).tif",),
    ),
    NamePreset(
        "IN Cell, planes and times",
        "{well}(fld {site} wv {channel} z {z} time {time} - {*}).tif", _IN_CELL_ISSUE,
        ("A - 01(fld 1 wv UV - DAPI z 3 time 2 - 2636ms).tif",),
    ),
    NamePreset(
        "scan^R", "{well}--W{*}--P{site}--Z{z}--T{time}--{channel}.tif", _CECOG,
        ("B4--W00016--P00003--Z00000--T00000--DAPI.tif",),
    ),
    NamePreset(
        "scan^R, without wells", "--W{well_number}--P{site}--Z{z}--T{time}--{channel}.tif", _CECOG,
        ("--W00001--P00001--Z00000--T00000--dapi.tif",),
    ),
    NamePreset(
        "Operetta", "r{row}c{column}f{site}p{z}-ch{channel}sk{time}fk1fl1.tiff", _EZSTITCHER,
        ("r01c01f001p01-ch1sk1fk1fl1.tiff", "r01c01f002p01-ch1sk1fk1fl1.tiff"),
    ),
    NamePreset(
        "Operetta, any sequence", "r{row}c{column}f{site}p{z}{*}-ch{channel}sk{time}fk{*}.tiff",
        _MOBIE, ("r01c01f04p01-ch1sk1fk1fl1.tiff",),
    ),
    NamePreset(
        "Leica", "{series}_z{z}_ch{channel}.tif", _BEBI, ("stage9_Series001_z00_ch00.tif",),
    ),
    NamePreset(
        "Leica, one plane", "{series}_ch{channel}.tif", _BEBI, ("stage9_Image003_ch00.tif",),
    ),
    NamePreset(
        "Leica, time series", "{series}_t{time}_z{z}_ch{channel}.tif", _BEBI,
        ("name_Series001_t00_z000_ch00.tif",),
    ),
    NamePreset(
        "Leica, time series of one plane", "{series}_t{time}_ch{channel}.tif", _BEBI,
        ("name_Series001_t00_ch00.tif",),
    ),
    NamePreset("Nikon", "{name}xy{site}c{channel}.tif", _SUPERSEGGER, ("basename_xy1c1.tif",)),
    NamePreset(
        "Nikon, without a name", "xy{site}c{channel}.tif", _SUPERSEGGER, ("xy1c1.tif",)
    ),
    NamePreset(
        "Nikon, planes", "{name}xy{site}z{z}c{channel}.tif", _SUPERSEGGER, ("file_xy1z1c1.tif",)
    ),
    NamePreset(
        "Nikon, times", "{name}t{time}xy{site}c{channel}.tif", _SUPERSEGGER,
        ("basename_t1xy1c1.tif", "MG1655_t001xy1c1.tif"),
    ),
    NamePreset("ZEN", "{name}_s{site}c{channel}.tif", _HTM_RENAMER, ("image_s01c1.tif",)),
    NamePreset(
        "ZEN, planes", "{name}_s{site}z{z}c{channel}.tif", _HTM_RENAMER, ("image_s01z1c1.tif",)
    ),
    NamePreset(
        "ZEN, times", "{name}_s{site}t{time}.tif", _HTM_RENAMER, ("image_s01t1.tif",)
    ),
    NamePreset(
        "ZEN, originals", "{name}_s{site}c{channel}_ORG.tif", _MPIMAGE, ("image_s1c1_ORG.tif",)
    ),
    NamePreset("ZEN, one scene", "{name}_c{channel}.tif", _HTM_RENAMER, ("image_c1.tif",)),
    NamePreset(
        "ZEN, originals of one scene", "{name}_c{channel}_ORG.tif", _MPIMAGE,
        ("Registered-R1_PCNA.CD8.PD1.CK19_Her2B-K157-Scene-002_c1_ORG.tif",),
    ),
    NamePreset(
        "Micro-Manager 2", "img_channel{channel}_position{site}_time{time}_z{z}.tif",
        _MICRO_MANAGER, ("img_channel000_position000_time000000000_z000.tif",),
    ),
    NamePreset(
        "Micro-Manager 1.4, positions", "Pos{site}/img_{time}_{channel}_{z}.tif", _MICRO_MANAGER,
        ("Pos0/img_000000000_DAPI_000.tif",), r"Pos\d+/img_\d{9}_[^/]+_\d{3}\.",
    ),
    NamePreset(
        "Micro-Manager 1.4", "img_{time}_{channel}_{z}.tif", _MICRO_MANAGER,
        ("img_000000000_DAPI_000.tif",), r"img_\d{9}_[^/]+_\d{3}\.",
    ),
    NamePreset(
        "Incucyte", "{name}_{well}_{site}_{time}.tif", _INCUCYTE,
        ("MiaPaCa2-PhaseOriginal_A2_1_03d06h40m.tif",), r"\d+h\d+m\.",
    ),
    NamePreset(
        "Incucyte, channels", "{name}_{channel}_{well}_{site}_{time}.tif", _OCTOPUS,
        ("experiment_phase_A1_1_00d00h00m.tif",), r"\d+h\d+m\.",
    ),
    NamePreset(
        "Incucyte, scan data", "{well}-{site}-{channel}.tif", _BIOMERO,
        ("A1-1-C1.tif", "B2-1-Ph.tif"),
    ),
    NamePreset(
        "Keyence", "{name}_XY{site}_{tile}_Z{z}_CH{channel}.tif", _KEYENCE,
        ("1_XY01_00001_Z001_CH1.tif",),
    ),
    NamePreset(
        "Keyence, one region", "{name}_{tile}_Z{z}_CH{channel}.tif", _CODEX,
        ("1_00001_Z001_CH1.tif", "1_00001_Z001_CH2.tif"),
    ),
    NamePreset(
        "Keyence, one plane", "{name}_CH{channel}.tif", _AUTO_STITCH, ("myExp_CH1.tif",),
    ),
    NamePreset(
        "Acquifer IM03", "WE{*}---{well}--PO{site}--LO{time}--CO{channel}--SL{z}--{*}.tif",
        _ACQUIFER,
        ("WE00020---B005--PO01--LO001--CO6--SL010--PX16250--PW0040--IN0020--TM246--X050299--"
         "Y019906--Z212275--T1375574652.tif",),
    ),
    NamePreset(
        "Acquifer IM04", "-{well}--PO{site}--LO{time}--CO{channel}--SL{z}--{*}.tif", _ACQUIFER,
        ("-A002--PO01--LO001--CO6--SL001--PX32500--PW0080--IN0020--TM281--X023590--Y011262--"
         "Z211710--T0200262822--WE00002.tif",),
    ),
)  # fmt: skip
