-- Lists of builds, newest id first, in the order in which they are shown: nothing is left to be sorted.
DROP INDEX build_by_id;
CREATE INDEX build_listed ON build (build_id DESC, product, channel, version, platform, variant);
DROP INDEX build_by_channel;
CREATE INDEX build_of_channel ON build (product, channel, build_id DESC, version, platform, variant);
DROP INDEX build_by_version;
CREATE INDEX build_of_product ON build (product, build_id DESC, channel, version, platform, variant);
CREATE INDEX build_on_channel ON build (channel, build_id DESC, product, version, platform, variant);
CREATE INDEX build_for_platform ON build (platform, build_id DESC, product, channel, version, variant);
CREATE INDEX build_of_version ON build (version, build_id DESC, product, channel, platform, variant);

-- What is said at a place now. Without the digests: in their order each new observation would be written to a page of its own.
DROP INDEX observation_said_at;
CREATE INDEX observation_said_at ON observation (source, place) WHERE said_to IS NULL;
